"""The one reader of YAML: params.yaml, config.yaml, model.yaml, search.yaml.

Strict and safe: no key comes twice, keys are text, a value is null, a boolean, a number of 64 bits,
text, a list or a table. Whatever would make a reader slow or recurse without end (aliases of
aliases, deep nesting, circles, a huge file) is refused before values are constructed.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import BaseModel, ValidationError

from ludus.core.errors import ConfigError
from ludus.core.explain import explain
from ludus.core.files import file_fault

LARGEST = 1 << 17  # bytes; our own params.yaml has 17,000
DEEPEST = 50  # tables and lists in one another
MOST = 20_000  # values, aliases written out
PREFIX = "tag:yaml.org,2002:"
TAGS = {PREFIX + name for name in ("null", "bool", "int", "float", "str", "seq", "map")}
SURROGATE = re.compile("[\ud800-\udfff]")
MOST_SHOWN = 20  # faults of one file


def read_yaml[T: BaseModel](
    model: type[T],
    path: Path,
    next_step: str = "",
    faults: Callable[[T], Iterable[str]] = lambda _: (),
) -> T:
    """Read and check a file. Raises ConfigError with every fault found, one a line.

    next_step: added to the message where the file cannot be read. faults: checks that the model
    cannot make, such as names that do not exist; called when the model has no fault.
    """
    values = read_values(path, next_step)
    try:
        read = model.model_validate(values, strict=True)
    except ValidationError as error:
        raise ConfigError(_told(path, explain(model, error))) from None
    if found := list(faults(read)):
        raise ConfigError(_told(path, found))
    return read


def read_values(path: Path, next_step: str = "") -> Any:
    """The values of a file, not yet checked against a model. Raises ConfigError."""
    end = f"; {next_step}" if next_step else ""
    if fault := file_fault(path):
        raise ConfigError(f"{path} {fault}{end}")
    size = path.stat().st_size
    if size > LARGEST:
        raise ConfigError(f"{path} has {size:,} bytes; expected at most {LARGEST:,}")
    try:
        return _Loader(path.read_text(encoding="utf-8")).values()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is no YAML: byte {error.start} is {error.object[error.start]:#04x}; "
            "expected text in UTF-8"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no YAML: {_message(error)}") from None


def _told(path: Path, faults: list[str]) -> str:
    if len(faults) == 1:
        return f"{path}: {faults[0]}"
    more = len(faults) - MOST_SHOWN
    lines = [*faults[:MOST_SHOWN], *([f"and {more} faults more"] if more > 0 else [])]
    return "\n".join([f"{path} is not as expected:", *(f"  {line}" for line in lines)])


def _message(error: yaml.YAMLError) -> str:
    """PyYAML's message of up to eight lines as one line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it cannot be read"
        return f"{what} (line {mark.line + 1}, column {mark.column + 1})" if mark else what
    return " ".join(str(error).split())


class _Loader(yaml.SafeLoader):
    """PyYAML's loader with some types of YAML 1.2: 1e-05 is a number, as DVC reads it, and
    2024-01-01 is text."""

    _depth = 0

    def values(self) -> Any:
        """The one document as Python's values."""
        node = self.get_single_node()
        if node is None:
            return None
        self._size(node, {})
        return self.construct_document(node)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            _refuse(f"it is more than {DEEPEST} tables and lists deep", mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _size(self, node: yaml.Node, known: dict[int, int]) -> int:
        """How many values a node has, aliases written out. Refuses too many, and circles."""
        if id(node) in known:
            if known[id(node)] == 0:
                _refuse("it holds itself", node.start_mark)
            return known[id(node)]
        known[id(node)] = 0  # until its parts are counted
        _check_node(node)
        size = 1 + sum(self._size(part, known) for part in _parts(node))
        if size > MOST:
            _refuse(f"it holds more than {MOST:,} values", node.start_mark)
        known[id(node)] = size
        return size

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        try:
            value: int = super().construct_yaml_int(node)
        except (ValueError, IndexError):
            # Python refuses decimals of more than 4,300 digits.
            digits = node.value.lstrip("+-").replace("_", "").isdigit()
            _refuse(
                _large(node) if digits else f"'{_cut(node)}' is no whole number", node.start_mark
            )
        if not -(2**63) <= value < 2**63:
            _refuse(_large(node), node.start_mark)
        return value

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        try:
            value: float = super().construct_yaml_float(node)
        except (ValueError, IndexError):
            _refuse(f"'{_cut(node)}' is no number", node.start_mark)
        return value

    def construct_yaml_bool(self, node: yaml.ScalarNode) -> bool:
        if node.value.lower() not in self.bool_values:
            _refuse(f"'{_cut(node)}' is neither true nor false", node.start_mark)
        value: bool = super().construct_yaml_bool(node)
        return value


for _tag in ("int", "float", "bool"):
    _Loader.add_constructor(PREFIX + _tag, getattr(_Loader, f"construct_yaml_{_tag}"))
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, form) for tag, form in rules if tag not in (PREFIX + "timestamp", PREFIX + "value")
    ]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    PREFIX + "float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _check_node(node: yaml.Node) -> None:
    """Refuses unknown tags, lone surrogates, keys that are not text and keys that come twice."""
    if node.tag not in TAGS and node.tag != PREFIX + "merge":
        tag = node.tag.replace(PREFIX, "!!")
        _refuse(f"the tag {tag} is not known here", node.start_mark)
    if isinstance(node, yaml.ScalarNode):
        if SURROGATE.search(node.value):
            _refuse("the text holds half a character (a lone surrogate)", node.start_mark)
        if node.tag in (PREFIX + "seq", PREFIX + "map"):
            _refuse(f"'{_cut(node)}' is no list or table", node.start_mark)
    if not isinstance(node, yaml.MappingNode):
        return
    found = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag not in (
            PREFIX + "str",
            PREFIX + "merge",
        ):
            shown = f" '{_cut(key)}'" if isinstance(key, yaml.ScalarNode) else ""
            _refuse(f"the key{shown} is no word; put it in quotes", key.start_mark)
        if key.value in found:
            _refuse(f"the key '{_cut(key)}' comes twice", key.start_mark)
        found.add(key.value)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _large(node: yaml.ScalarNode) -> str:
    return f"the number {_cut(node)} is too large; expected one of 64 bits"


def _cut(node: yaml.ScalarNode) -> str:
    """A scalar as it stands in the file, shortened."""
    text = (
        node.value.encode("unicode_escape").decode() if not node.value.isprintable() else node.value
    )
    return text if len(text) <= 30 else f"{text[:30]}..."


def _refuse(problem: str, mark: yaml.Mark) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, problem, mark)
