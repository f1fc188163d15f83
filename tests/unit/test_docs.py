"""README.md and docs/: links lead somewhere, and pages that are named anywhere exist."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ludus.bundle.schema import json_schema
from ludus.core import errors

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    """Every file of the checkout that Git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


PAGES = [path for path in tracked() if path.suffix == ".md"]
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
