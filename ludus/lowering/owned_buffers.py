"""Rewrites entry functions to write into the caller's buffer, so that a call allocates nothing.

    batch_1(images) -> result    becomes    batch_1(images, result) -> ()

IREE's compiler turns that into `batch_1$async(images, result, transients, wait, signal)`, which
ludus/runtimes/devices/fenced.py calls.
"""

from iree.compiler import ir

from ludus.bundle.fences import RESULT


def give_results_to_caller(module: ir.Operation) -> None:
    """Rewrite every function of a module in MLIR's torch dialect, in place."""
    with module.context, ir.Location.unknown():
        for function in module.regions[0].blocks[0].operations:
            if function.operation.name == "func.func":
                _rewrite(function.operation)
        module.verify()


def _rewrite(function: ir.Operation) -> None:
    signature = ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)
    (returned,) = signature.results
    given = ir.Type.parse(str(returned).replace("!torch.vtensor", "!torch.tensor"))
    body = function.regions[0].blocks[0]
    result = body.add_argument(given, ir.Location.unknown())
    end = body.operations[len(body.operations) - 1].operation
    before = ir.InsertionPoint(end)
    operands = [end.operands[0], result]
    ir.Operation.create("torch.overwrite.tensor.contents", operands=operands, ip=before)
    ir.Operation.create("func.return", ip=before)
    end.erase()
    arguments = [*signature.inputs, given]
    function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(arguments, []))
    if "arg_attrs" in function.attributes:
        attributes = ir.ArrayAttr(function.attributes["arg_attrs"])
        function.attributes["arg_attrs"] = ir.ArrayAttr.get([*attributes, ir.DictAttr.get({})])
    if "res_attrs" in function.attributes:
        del function.attributes["res_attrs"]
    shape = "x".join(str(size) for size in _sizes(str(returned)))
    function.attributes["iree.reflection"] = ir.DictAttr.get({RESULT: ir.StringAttr.get(shape)})


def _sizes(tensor: str) -> list[int]:
    """The sizes of a static tensor type, as in !torch.vtensor<[1,10],f32>."""
    return [int(size) for size in tensor.partition("[")[2].partition("]")[0].split(",")]
