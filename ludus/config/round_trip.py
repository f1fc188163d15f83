"""YAML with its comments: ruamel.yaml's round trip, in the style that the project's files have.

ruamel.yaml is imported when it is called: a command that edits nothing need not have it.
"""

import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from ludus.core.errors import ConfigError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

LONGEST = 60  # characters of a list that is written in one line


def loaded(text: str) -> Any:
    """A document with its comments. Raises ConfigError where ruamel.yaml cannot read it."""
    from ruamel.yaml.error import YAMLError

    try:
        document = _yaml().load(text)
    except YAMLError as error:
        problem = getattr(error, "problem", None) or error
        raise ConfigError(f"it cannot be read with its comments: {problem}") from None
    _loosen(document, text.split("\n"))
    return document


def dumped(document: Any, like: str = "\n") -> str:
    """The text of a document; its last line ends as that of `like` does."""
    stream = io.StringIO()
    _yaml().dump(document, stream)
    text = stream.getvalue()
    return text if like.endswith("\n") else text.removesuffix("\n")


def comments(text: str) -> Counter[str]:
    """Every comment: what stands behind the last token of a line."""
    from ruamel.yaml import YAML

    lines = text.splitlines()
    ends = [0] * (len(lines) + 1)
    for token in YAML(typ="safe", pure=True).scan(text):
        first, last = token.start_mark.line, token.end_mark.line
        ends[first:last] = map(len, lines[first:last])
        ends[last] = max(ends[last], token.end_mark.column)
    behind = (line[end:].strip() for line, end in zip(lines, ends, strict=False))
    return Counter(comment for comment in behind if comment.startswith("#"))


def has(table: Any, key: str) -> bool:
    """Whether a key is written in a table itself: neither missing nor merged from another."""
    return key in written(table)


def written(table: Any) -> list[str]:
    """The keys that are written in a table itself, in their order; none where it is no table."""
    from ruamel.yaml.comments import CommentedMap

    if not isinstance(table, CommentedMap):
        return []
    return [key for key, _ in table.non_merged_items()]


def insert(table: Any, before: str, key: str, value: Any) -> None:
    """Write a new entry before another that is written in the table itself."""
    place = written(table).index(before)
    if table.merge and table.merge.merge_pos <= place:
        place += 1  # ruamel.yaml counts `<<` among the entries
    table.insert(place, key, value)


def put(table: Any, key: str, value: Any) -> None:
    """Make an entry say a value by changing what differs, so that comments of the rest stay."""
    known = table[key]
    if isinstance(known, dict) and isinstance(value, dict):
        for gone in [name for name in written(known) if name not in value]:
            del known[gone]
        for place, name in enumerate(value):
            if name in known:
                put(known, name, value[name])
            elif behind := [other for other in list(value)[place:] if has(known, other)]:
                insert(known, behind[0], name, node(value[name], inside=True))
            else:
                known[name] = node(value[name], inside=True)
    elif isinstance(known, list) and isinstance(value, list):
        _put_list(known, value)
    elif known != value:
        table[key] = node(value, inside=True)


def node(value: Any, *, inside: bool = False) -> Any:
    """A value in the style of the project's files: a row has a line for each key, a table inside of
    one stands in one line, and so does a list that is short and holds no table."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        table = CommentedMap({key: node(each, inside=True) for key, each in value.items()})
        if inside:
            table.fa.set_flow_style()
        return table
    if isinstance(value, list):
        made = CommentedSeq([node(each, inside=True) for each in value])
        if len(str(value)) <= LONGEST and not any(isinstance(each, dict) for each in value):
            made.fa.set_flow_style()
        return made
    return value


def _put_list(known: Any, wanted: list[Any]) -> None:
    """known becomes wanted, by as few insertions and removals as there must be."""
    # A shorter list loses them with its last item, which ludus.config.edit refuses.
    behind = _take_behind(known) if len(wanted) > len(known) else ""
    for index in reversed(range(len(known))):
        if known[index] not in wanted:
            if index < len(wanted) and len(known) == len(wanted):
                known[index] = node(wanted[index], inside=True)
            else:
                del known[index]
    for index, each in enumerate(wanted):
        if index >= len(known) or known[index] != each:
            known.insert(index, node(each, inside=True))
    while len(known) > len(wanted):
        del known[len(known) - 1]
    _put_behind(known, behind)


def _take_behind(known: Any) -> str:
    """The blank lines and comments behind a list, which ruamel.yaml keeps at its last item."""
    token = (known.ca.items.get(len(known) - 1) or [None])[0]
    if token is None:
        return ""
    own, _, behind = token.value.partition("\n")
    if own:
        token.value = f"{own}\n"
    else:
        del known.ca.items[len(known) - 1]
    return str(behind)


def _put_behind(known: Any, behind: str) -> None:
    """Put lines behind the item that is the last of a list now."""
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    if not behind or not known:
        return
    last = known.ca.items.setdefault(len(known) - 1, [None, None])
    if last[0] is None:
        last[0] = CommentToken("\n", CommentMark(0))
    last[0].value += behind


def _yaml() -> "YAML":
    """The settings of the project's files: tables are indented by two, lists by two more."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 2**16
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _loosen(value: Any, lines: list[str]) -> None:
    """Keep a comment that stands one space behind a value so, whatever that becomes.

    ruamel.yaml 0.19 keeps the column of each, which is right for comments in a column.
    """
    from ruamel.yaml.error import CommentMark

    if not isinstance(value, dict | list):
        return
    for token in _tokens(getattr(value, "ca", None)):
        mark = token.start_mark
        if isinstance(mark, CommentMark) or not token.value.startswith("#"):
            continue  # seen by another alias of the same value; or blank lines
        before = lines[mark.line][: mark.column]
        if before.strip() and not before.endswith("  "):
            token.start_mark = CommentMark(0)
    for part in value.values() if isinstance(value, dict) else value:
        _loosen(part, lines)


def _tokens(comments: Any) -> list[Any]:
    """The tokens of ruamel's comments of one table or list."""
    if isinstance(comments, dict):
        comments = list(comments.values())
    if isinstance(comments, list | tuple):
        return [token for each in comments for token in _tokens(each)]
    if hasattr(comments, "start_mark"):
        return [comments]
    return [] if comments is None else _tokens([comments.comment, comments.items, comments.end])
