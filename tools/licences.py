"""Write which licences hold for the addon's library, and their texts, into its licences folder.

usage: python tools/licences.py    (after native/Cargo.lock changed)

The crates are those that are linked in on any system: no build scripts, no procedural macros. Of
MIT OR Apache-2.0, Apache-2.0 is chosen, so that one text holds for all such crates.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LICENCES = ROOT / "godot/addons/ludus/licences"
HEAD = """\
# Licences of what is linked into the library

`addons/ludus` is MIT, see `Ludus.txt`. Its library, in `bin/`, holds besides:

| what | licence | text |
|---|---|---|
| [IREE](https://iree.dev) 3.13.0, its runtime | Apache-2.0 WITH LLVM-exception | `IREE.txt` |
| [flatcc](https://github.com/dvidelabs/flatcc), its runtime | Apache-2.0, MIT | `flatcc.txt` |
| [Rust](https://www.rust-lang.org)'s standard library | Apache-2.0 | `Apache-2.0.txt` |
"""
FOOT = """
The source of what is MPL-2.0 is at the address in the table, unchanged. Of CUDA, NCCL and Vulkan
only declarations in headers are used; none of their code is in the library.

This folder is written by `python tools/licences.py` in Ludus' repository.
"""


def main() -> None:
    for old in LICENCES.glob("*"):
        if old.name != "MPL-2.0.txt":  # in none of the crates
            old.unlink()
    rows = [row(crate) for crate in linked_crates()]
    (LICENCES / "README.md").write_text(HEAD + "".join(rows) + FOOT)
    copy(ROOT / "LICENSE", "Ludus.txt")


def linked_crates() -> list[dict[str, Any]]:
    """What `cargo metadata` says of each crate, by name."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    printed = subprocess.check_output(command, cwd=ROOT / "native", timeout=600)
    metadata = json.loads(printed)
    crates = {crate["id"]: crate for crate in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [crate["id"] for crate in crates.values() if crate["name"] == "ludus-godot"]
    found = set()
    while waiting:
        crate = waiting.pop()
        kinds = {kind for target in crates[crate]["targets"] for kind in target["kind"]}
        if crate in found or "proc-macro" in kinds:
            continue
        found.add(crate)
        for needed in nodes[crate]["deps"]:
            if any(kind["kind"] is None for kind in needed["dep_kinds"]):
                waiting.append(needed["pkg"])
    others = [crates[crate] for crate in found if crates[crate]["source"]]
    return sorted(others, key=lambda crate: crate["name"])


def row(crate: dict[str, Any]) -> str:
    """A line of the table; the licence's text is copied if need be."""
    name, licence = crate["name"], crate["license"]
    folder = Path(crate["manifest_path"]).parent
    if name == "eerie-sys":
        copy(folder / "iree/LICENSE", "IREE.txt")
        copy_flatcc(folder / "iree/third_party/flatcc")
    if "Apache-2.0" in licence:
        text = "Apache-2.0.txt"
        if name == "serde":
            copy(folder / "LICENSE-APACHE", text)
    elif licence == "MPL-2.0":
        text = "MPL-2.0.txt"
    else:
        text = f"{name}.txt"
        own = folder / "LICENSE-MIT"
        copy(own if own.exists() else folder / "LICENSE", text)
    return f"| [{name}]({crate['repository']}) {crate['version']} | {licence} | `{text}` |\n"


def copy_flatcc(folder: Path) -> None:
    """Copy its notice and licence, and that of the one header that has its own and makes code."""
    header = (folder / "include/flatcc/portable/pmemaccess.h").read_text()
    own = header[: header.index("*/")] + "*/\n"
    texts = [(folder / name).read_text() for name in ("NOTICE", "LICENSE")]
    (LICENCES / "flatcc.txt").write_text("\n".join([*texts, f"pmemaccess.h:\n\n{own}"]))


def copy(source: Path, name: str) -> None:
    (LICENCES / name).write_text(source.read_text())


if __name__ == "__main__":
    main()
