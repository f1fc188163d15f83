"""How an IREE module says that it computes between fences, in buffers that its caller keeps."""

FLAG = "--iree-torch-externalize-transients"  # makes the compiler leave transients to the caller
SUFFIX = "$async"  # of the function with fences, which the compiler makes of each
# What owned_buffers.py and the compiler write into its reflection.
RESULT, TRANSIENTS = "ludus.result", "iree.abi.transients.size.constant"
