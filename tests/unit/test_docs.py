"""README.md and docs/: links lead somewhere, pages that are named exist, commands are run.

docs_commands.yaml says of each command in a block of shell where it is run. A block that is run
nowhere has the comment `<!-- not run: reason -->` above it.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from ludus.bundle.schema import json_schema
from ludus.cli.app import COMMANDS as COMMANDS_OF_LUDUS
from ludus.cli.app import app
from ludus.config.everywhere import load_everywhere
from ludus.config.params import Params, load_params
from ludus.core import errors
from support.paths import ROOT


def tracked() -> list[Path]:
    """Every file of the checkout that Git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


PAGES = [path for path in tracked() if path.suffix == ".md"]
DOCS = [page for page in PAGES if ROOT / "docs" in page.parents]
GUIDES = [
    ROOT / "README.md",
    ROOT / "deploy/README.md",
    ROOT / "godot/addons/ludus/README.md",
    ROOT / "godot/examples/server/README.md",
    *DOCS,
]
COMMANDS = Path(__file__).with_name("docs_commands.yaml")
# A file or folder in backquotes; one with a placeholder, as <name>, is no such path.
SOURCE = re.compile(
    r"`(?P<path>(?:benchmarks|deploy|everywhere|examples|godot|ludus|native|requirements|setup|stages"
    r"|tests|tools)/[\w./-]*)`"
)
# What a build makes, and a setting of a Godot project.
NOT_IN_GIT = {"native/target", "godot/addons/ludus/bin", "ludus/export/allow_unproven"} | {
    "everywhere", "everywhere/dvc.yaml", "everywhere/params.yaml"
}  # fmt: skip
SHELLS = ("sh", "console", "powershell")
CORPUS = ROOT / "tests/golden/yaml"  # bad files of older versions, kept as they were
FENCE = re.compile(r"^(?P<fence>```+).*?^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
NAMED = re.compile(r"(?<![\w/.-])(?:\.\./)*(?P<page>docs/[\w/.-]*\.(?:md|json|png))")


def links(page: Path) -> Iterator[str]:
    """Relative targets of links and pictures, code blocks left out."""
    for found in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", found["target"]):
            yield found["target"]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        known = there.exists() and (not anchor or there.suffix != ".md" or anchor in anchors(there))
        if not known:
            broken.append(target)
    assert broken == []


def test_every_page_that_a_tracked_file_names_exists() -> None:
    missing = []
    for path in tracked():
        if path.is_relative_to(CORPUS):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for found in NAMED.finditer(text):
            if not (ROOT / found["page"]).exists():
                missing.append(f"{path.relative_to(ROOT)} names {found['page']}")
    assert missing == []


def test_the_bundle_format_names_every_key_of_the_schema() -> None:
    schema = json_schema()
    parts = [schema, *schema["$defs"].values()]
    keys = {key for part in parts for key in part.get("properties", {})}
    text = (ROOT / "docs/bundle-format.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[`.]([a-z_0-9]+)`", text))
    assert keys - named == set()


def test_the_bundle_format_names_every_way_for_a_bundle_to_be_bad() -> None:
    text = (ROOT / "docs/bundle-format.md").read_text(encoding="utf-8")
    kinds = {
        kind.__name__ for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.BundleError)
    }  # fmt: skip
    assert {kind for kind in kinds if kind not in text} == {"BundleError"}


def test_every_source_file_that_a_page_names_exists() -> None:
    missing = []
    for page in PAGES:
        for found in SOURCE.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
            path = found["path"].rstrip("/")
            if path not in NOT_IN_GIT and not (ROOT / path).exists():
                missing.append(f"{page.relative_to(ROOT)} names {path}")
    assert missing == []


# ---- pages that list something list all of it


def test_the_readme_has_at_most_a_thousand_words() -> None:
    """As `wc -w` counts them: prose, tables, links and blocks of code."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1000


def rows(page: Path) -> dict[str, dict[str, str]]:
    """The rows of a page's tables whose first cell is an evaluation, by column."""
    found, columns = {}, []
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[:1] == ["evaluation"]:
            columns = cells
        elif cells and (name := re.match(r"`([a-z0-9_-]+)`", cells[0])) and columns:
            found[name[1]] = dict(zip(columns, cells, strict=False))
        elif not cells:
            columns = []
    return found


def test_the_readme_says_of_a_row_what_the_results_say() -> None:
    all_rows, shown = rows(ROOT / "docs/results.md"), rows(ROOT / "README.md")
    assert len(shown) == 6
    differ = [
        f"{name}, {key}: {row[key]}, and docs/results.md has {all_rows[name][key]}"
        for name, row in shown.items()
        for key in ("status", "accuracy", "agreement", "largest difference")
        if plain(row[key]) != plain(all_rows[name][key])
    ]
    assert differ == []


def plain(cell: str) -> str:
    return re.sub(r"[*\s—]", "", cell)


def test_the_results_have_a_row_for_each_evaluation() -> None:
    first, second = ROOT / "params.yaml", ROOT / "everywhere/params.yaml"
    names = [*load_params(first).evaluations, *load_everywhere(second, first).evaluations]
    assert sorted(rows(ROOT / "docs/results.md")) == sorted(names)


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs/README.md"
    listed = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    pages = set(DOCS) - {index}
    assert {page.relative_to(ROOT).as_posix() for page in pages - listed} == set()


def test_the_page_of_params_names_every_key() -> None:
    schema = Params.model_json_schema()
    keys = set(schema["properties"])
    keys |= {key for part in schema["$defs"].values() for key in part.get("properties", {})}
    text = (ROOT / "docs/reference/params.md").read_text(encoding="utf-8")
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()


@pytest.mark.parametrize("command", COMMANDS_OF_LUDUS)
def test_the_page_of_commands_has_every_option(command: str) -> None:
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `ludus {command}")]
    parser = typer.main.get_command(app).get_command(None, command)  # type: ignore[attr-defined]
    options = {name for parameter in parser.params for name in parameter.opts if name[:2] == "--"}
    assert {f"`{name}`" for name in options} == set(re.findall(r"`--[a-z-]+`", row))


def test_the_page_of_ludus_model_has_every_method_and_property() -> None:
    files = [ROOT / "native/godot/src" / name for name in ("model.rs", "methods.rs")]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    methods = set(re.findall(r"#\[func(?:\(gd_self\))?\]\s+fn ([a-z]\w*)", source))
    properties = set(re.findall(r"#\[var\([^\]]*\]\s+(\w+):", source))
    assert len(methods) > 10
    assert len(properties) > 10
    public = {name for name in methods if not re.match(r"on_|[gs]et_(?!image)", name)} | properties
    text = (ROOT / "docs/reference/ludus-model.md").read_text(encoding="utf-8")
    assert {name for name in public if not re.search(rf"`{name}\b", text)} == set()


def make_targets() -> set[str]:
    """Those that `make help` lists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+):.*## ", makefile, re.MULTILINE))


def test_every_make_target_that_is_named_is_there() -> None:
    named = {
        name for page in PAGES
        for name in re.findall(r"(?:`|^ *|&& )make ([a-z0-9-]+)", page.read_text(), re.MULTILINE)
    }  # fmt: skip
    assert named - make_targets() == set()


def test_the_page_of_commands_has_every_make_target() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    table = text[text.index("## make") : text.index("## Stages")]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert set(re.findall(r"`([a-z0-9-]+)`", " ".join(cells))) == make_targets()


# ---- commands


def blocks(page: Path) -> Iterator[tuple[str, list[str], bool]]:
    """Language, lines and whether it is marked as not run, of each block of code in a page."""
    marked, language, block, indent = False, None, [], 0
    for line in page.read_text(encoding="utf-8").splitlines():
        words = line.strip()
        if language is not None:
            if words == "```":
                yield language, block, marked
                marked, language, block = False, None, []
            else:
                block.append(line[indent:])
        elif words.startswith("```"):
            language, indent = words.removeprefix("```"), len(line) - len(line.lstrip())
        elif words:
            marked = bool(re.fullmatch(r"<!-- not run[^:]*: \S.* -->", words))


def commands(page: Path) -> Iterator[str]:
    """The commands of a page that are not marked, without comments, each on one line."""
    for language, lines, marked in blocks(page):
        if language not in SHELLS or marked:
            continue
        text = "\n".join(lines).replace("\\\n", " ")
        for line in text.split("\n"):
            if language == "console" and not line.startswith("$ "):
                continue  # what the command prints
            words = re.sub(r"(^|\s)#.*", "", line.removeprefix("$ "))
            if words.strip():
                yield " ".join(words.split())


def run_where() -> dict[str, str | dict[str, str]]:
    """docs_commands.yaml."""
    table: dict[str, str | dict[str, str]] = yaml.safe_load(COMMANDS.read_text(encoding="utf-8"))
    return table


CHEAP = [command for command, where in run_where().items() if where == "here"]
IN_DOCS = [(page, command) for page in GUIDES for command in commands(page)]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_code_says_its_language(page: Path) -> None:
    assert [lines[:1] for language, lines, _ in blocks(page) if not language] == []
    text = FENCE.sub("", re.sub(r"^ +(?=```)", "", page.read_text(), flags=re.MULTILINE))
    after_a_blank = re.findall(r"(?<=\n\n)    \S.*", text)
    assert after_a_blank == [], "a block that is only indented is not checked: fence it"


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_run_somewhere_or_marked(page: Path) -> None:
    unknown = [command for command in commands(page) if command not in run_where()]
    assert unknown == [], f"add to {COMMANDS.name}, or mark the block: <!-- not run: reason -->"


def test_no_command_is_listed_that_no_page_has() -> None:
    assert set(run_where()) - {command for _, command in IN_DOCS} == set()


def test_every_command_is_run_where_the_table_says() -> None:
    stale = []
    for command, where in run_where().items():
        if isinstance(where, str):
            assert where in ("here", "sets up"), f"{command}: {where}"
            continue
        for place, text in where.items():
            path = ROOT / place
            files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
            if not any(text in file.read_text(encoding="utf-8") for file in files):
                stale.append(f"{command}: {place} has no {text}")
    assert stale == []


@pytest.mark.parametrize("command", CHEAP)
def test_a_cheap_command_does_what_the_page_says(command: str, tmp_path: Path) -> None:
    golden = ROOT / "tests/golden"
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/bundle").symlink_to(golden / "bundle")
    (tmp_path / "digit.png").symlink_to(sorted((golden / "drawings").glob("*.png"))[0])
    for name in ("Makefile", "setup", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    ludus = Path(sys.executable).with_name("ludus")
    words = [str(ludus) if word == "ludus" else word for word in shlex.split(command)]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
