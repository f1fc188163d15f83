"""The plug-in in the editor without a window: what an export packs, and what the inspector shows.

The engine exports and runs packs without export templates.
"""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ludus.process import godot
from ludus.process.tools import ROOT
from support import bundles
from support.needed import absent
from support.paths import BUNDLE, GOLDEN, TENSORS

SCRIPTS = ROOT / "godot" / "tests" / "editor"
GOOD = "res://models/good"
PLUGINS = """
[editor_plugins]

enabled=PackedStringArray("res://addons/ludus/plugin.cfg"{more})
"""
ALLOWED = """
[ludus]

export/allow_unproven=true
"""
PRESET = """
[preset.{index}]

name="{name}"
platform="{platform}"
runnable=true
dedicated_server={server}
export_filter="{filter}"
export_files=PackedStringArray("res://report.gd", "res://addons/ludus/ludus.gdextension"{more})
include_filter="*.bin"
exclude_filter="{exclude}"
export_path=""

[preset.{index}.options]

binary_format/architecture="{architecture}"
custom_template/release="{template}"
"""
COMMON = {
    "platform": "Linux",
    "server": "false",
    "filter": "all_resources",
    "exclude": "",
    "more": "",
    "architecture": "x86_64",
}
PRESETS: dict[str, dict[str, str]] = {
    "linux": {},
    "server": {"server": "true"},
    "arm32": {"architecture": "arm32"},
    "windows": {"platform": "Windows Desktop"},
    "macos": {"platform": "macOS", "architecture": "universal"},
    "web": {"platform": "Web"},
    "web without": {"platform": "Web", "exclude": "models/good/*"},
    "selected": {"filter": "resources", "more": f', "{GOOD}/manifest.json"'},
    "selected without": {"filter": "resources"},
}
# What Godot reads of an export template before it copies it: for which processor it is. No test
# starts the game.
TEMPLATES = {
    "Linux x86_64": b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\x3e\0" + bytes(44),
    "Linux arm32": b"\x7fELF\1\1\1" + bytes(9) + b"\2\0\x28\0" + bytes(44),
    "Windows Desktop x86_64": b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0\x64\x86" + bytes(44),
}
KEPT = ["README.md", "golden/images.bin", "manifest.json"]


def with_variants(values: dict[str, Any]) -> None:
    """Variants for other machines beside the good bundle's own."""
    vulkan, vmvx = values["variants"]
    found = vmvx["evaluations"][0]

    def add(target: str, status: str = "verified", **changes: Any) -> dict[str, Any]:
        data = target.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"variants/{target}/model.vmfb"
        file = {"path": path, "bytes": len(data), "sha256": sha256}
        whole = {"target": target, "sha256": sha256, "files": [file]}
        return vmvx | whole | {"evaluations": [found | {"status": status}]} | changes

    values["variants"] = [
        vmvx,
        vulkan,
        add("aarch64", "not run", cpu={"architecture": "aarch64", "features": []}),
        add("cuda", "attested", driver="cuda"),
        add("metal", "not run", driver="metal"),
        add("old", iree_version="3.9.0"),
        add("onnx", backend="onnx", driver=None, iree_version=None),
    ]


def unproven(values: dict[str, Any]) -> None:
    """No variant that Linux runs is proven; one is even wrong."""
    with_variants(values)
    for variant in values["variants"][:4]:
        variant["evaluations"][0] |= {"status": "not run"}
    values["variants"][3]["evaluations"][0] |= {"status": "failed"}


def one_failed(values: dict[str, Any]) -> None:
    with_variants(values)
    values["variants"][3]["evaluations"][0] |= {"status": "failed"}


def make_bundle(folder: Path, change: Any = with_variants) -> Path:
    """A bundle with the files that the changed manifest names."""
    bundle = bundles.changed(folder, change)
    (bundle / "SHA256SUMS").unlink()  # which would list other sums
    for variant in json.loads((bundle / "manifest.json").read_text("utf-8"))["variants"]:
        path = bundle / variant["files"][0]["path"]
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_bytes(variant["target"].encode())
    return bundle


def make_project(
    folder: Path, bundle: Path, *, settings: str = PLUGINS.format(more=""), **files: Path
) -> Path:
    other = folder.parent / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"start_url": "index.html"}', "utf-8")
    places = {"models/good": bundle, "other": other, "report.gd": SCRIPTS / "report.gd"}
    project = godot.make_project(folder, places | files, settings)
    (project / "export_presets.cfg").write_text(
        "".join(preset(folder.parent, name, COMMON | PRESETS[name]) for name in PRESETS), "utf-8"
    )
    return project


def preset(templates: Path, name: str, settings: dict[str, str]) -> str:
    """A preset of export_presets.cfg, whose template is written into the folder."""
    index = list(PRESETS).index(name)
    template = templates / f"template-{index}"
    template.write_bytes(TEMPLATES.get(f"{settings['platform']} {settings['architecture']}", b""))
    return PRESET.format(index=index, name=name, template=template, **settings)


def export(project: Path, preset: str, name: str = "game.pck") -> tuple[godot.Ended, Path]:
    """Export a pack, or a game whose name is another."""
    game = project.parent / "game" / name
    game.parent.mkdir(exist_ok=True)
    kind = "--export-pack" if game.suffix in (".pck", ".zip") else "--export-release"
    return godot.start(project, kind, preset, str(game)), game


def report(project: Path, pack: Path) -> dict[str, Any]:
    """What a game says that runs from the pack, with nothing of the project beside it."""
    library = pack.parent / godot.library().relative_to(godot.ADDON.parents[1])
    library.parent.mkdir(parents=True)
    shutil.copyfile(godot.library(), library)
    shutil.rmtree(project)
    said = godot.run(pack.parent, "--main-pack", pack.name, "--script", "res://report.gd")
    line = next(line for line in said.splitlines() if line.startswith("REPORT "))
    found: dict[str, Any] = json.loads(line.removeprefix("REPORT "))
    return found


def exported(tmp_path: Path, preset: str, change: Any = with_variants, settings: str = "") -> Any:
    """What was said, and the report of the game."""
    bundle = make_bundle(tmp_path / "bundle", change)
    project = make_project(
        tmp_path / "project", bundle, settings=PLUGINS.format(more="") + settings
    )
    ended, pack = export(project, preset)
    assert ended.faults == [], godot.explain(ended)
    return ended.said, report(project, pack)


def refused(
    tmp_path: Path, preset: str, bundle: Path, name: str = "game.pck", without: str = ""
) -> str:
    """What was said by an export that fails and leaves nothing to start; without: libraries."""
    project = make_project(tmp_path / "project", bundle)
    if without:
        remove_libraries(project, without)
    ended, game = export(project, preset, name)
    assert ended.exit_code == 1, godot.explain(ended)
    assert not game.exists()
    assert not game.with_suffix(".pck").exists()
    return ended.said


def remove_libraries(project: Path, pattern: str) -> None:
    for library in (project / "addons/ludus/bin").glob(pattern):
        library.unlink()


def files_of(*targets: str) -> list[str]:
    return sorted([*KEPT, *(f"variants/{target}/model.vmfb" for target in targets)])


@pytest.fixture(scope="module")
def linux(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return exported(tmp_path_factory.mktemp("linux"), "linux")


def test_an_export_is_a_whole_bundle_of_what_its_platform_runs(linux: Any) -> None:
    said, found = linux
    assert found["files"] == files_of("iree-vmvx", "iree-vulkan", "cuda")
    assert found["variants"] == ["iree-vmvx", "iree-vulkan", "cuda"]
    assert (found["opened"], found["tested"]) == ("OK", "OK"), found["message"]
    assert f"Ludus: {GOOD} for linux x86_64\n" in said
    for line in (
        "packed iree-vmvx",
        "packed iree-vulkan",
        "packed cuda 4 B attested",
        "left out aarch64 7 B it is for aarch64",
        "left out metal 5 B linux x86_64 does not run metal",
        "left out old 3 B it is of IREE 3.9.0, which this add-on does not run",
        "left out onnx 4 B the engine does not run onnx",
    ):
        assert any(" ".join(one.split()).startswith(line) for one in said.splitlines()), line


def test_a_dedicated_server_gets_the_cpu_alone(engine: godot.Engine, tmp_path: Path) -> None:
    said, found = exported(tmp_path, "server")
    assert found["files"] == files_of("iree-vmvx")
    assert (found["opened"], found["tested"]) == ("OK", "OK"), found["message"]
    assert f"Ludus: {GOOD} for linux x86_64 dedicated server\n" in said


def test_a_universal_macos_pack_gets_what_the_library_runs(
    engine: godot.Engine, tmp_path: Path
) -> None:
    said, found = exported(tmp_path, "macos")
    assert found["files"] == files_of("iree-vmvx", "aarch64", "metal")
    assert "ludus.gdextension lists no library for macos x86_64" in said


def test_a_variant_that_failed_is_left_out(engine: godot.Engine, tmp_path: Path) -> None:
    said, found = exported(tmp_path, "linux", one_failed)
    assert found["variants"] == ["iree-vmvx", "iree-vulkan"]
    assert "an evaluation of it failed" in said


def test_an_export_of_nothing_proven_fails(engine: godot.Engine, tmp_path: Path) -> None:
    said = refused(tmp_path, "linux", make_bundle(tmp_path / "bundle", unproven))
    assert f"{GOOD} has no variant for linux x86_64 that is verified or attested" in said
    assert "set ludus/export/allow_unproven in Project Settings" in said


def test_the_setting_allows_it(engine: godot.Engine, tmp_path: Path) -> None:
    _, found = exported(tmp_path, "linux", unproven, ALLOWED)
    assert found["variants"] == ["iree-vmvx", "iree-vulkan", "cuda"]
    assert found["opened"] == "OK", found["message"]


def test_an_export_of_a_broken_bundle_fails(engine: godot.Engine, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    (bundle / "variants/metal/model.vmfb").write_bytes(b"Metal")  # which Linux would not get
    said = refused(tmp_path, "linux", bundle)
    assert "models/good/variants/metal/model.vmfb has the sha256" in said


def test_an_export_of_a_bundle_without_a_manifest_to_read_fails(
    engine: godot.Engine, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    (bundle / "manifest.json").write_text("{", "utf-8")
    assert "models/good/manifest.json is no JSON" in refused(tmp_path, "linux", bundle)


def test_an_export_to_a_platform_that_runs_nothing_fails(
    engine: godot.Engine, tmp_path: Path
) -> None:
    said = refused(tmp_path, "web", make_bundle(tmp_path / "bundle"))
    assert f"{GOOD} has no variant that runs on web" in said


def test_a_failed_export_leaves_the_pack_of_another(engine: godot.Engine, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", make_bundle(tmp_path / "bundle", unproven))
    other = tmp_path / "game" / "game.pck"
    other.parent.mkdir()
    other.write_bytes(b"another")
    ended, pack = export(project, "linux", "game.zip")
    assert ended.exit_code == 1, godot.explain(ended)
    assert not pack.exists()
    assert other.read_bytes() == b"another"


def test_a_failed_game_leaves_no_pack_that_it_wrote(engine: godot.Engine, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", unproven)
    older = tmp_path / "game" / "game.pck"
    older.parent.mkdir()
    older.write_bytes(b"of the game before, which Godot writes anew")
    os.utime(older, (1e9, 1e9))
    refused(tmp_path, "linux", bundle, "game.x86_64")


def test_a_game_gets_its_library_and_pack(engine: godot.Engine, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", make_bundle(tmp_path / "bundle"))
    if not godot.library("release").exists():
        absent("godot", "the release library is not built; run `make addon`")
    ended, game = export(project, "linux", "game.x86_64")
    assert ended.exit_code == 0, godot.explain(ended)
    assert game.with_suffix(".pck").exists()
    assert (game.parent / godot.library("release").name).exists()


def test_an_export_without_the_editors_library_fails(engine: godot.Engine, tmp_path: Path) -> None:
    said = refused(tmp_path, "linux", make_bundle(tmp_path / "bundle"), without="*")
    path = f"res://addons/ludus/bin/{godot.library().name}"
    assert f"the library {path} is missing; build it by `make addon`" in said
    assert "SCRIPT ERROR" not in said


@pytest.mark.parametrize(
    ("preset", "says"),
    [
        ("linux", "the library res://addons/ludus/bin/{}.linux.template_release.x86_64.so is"),
        ("windows", "the library res://addons/ludus/bin/{}.windows.template_release.x86_64.dll is"),
        ("arm32", "res://addons/ludus/ludus.gdextension lists no library for linux arm32"),
    ],
)
def test_a_game_without_its_library_fails(
    engine: godot.Engine, tmp_path: Path, preset: str, says: str
) -> None:
    bundle = make_bundle(tmp_path / "bundle")
    said = refused(tmp_path, preset, bundle, "game.exe", without="*release*")
    assert says.format("libludus") in said
    assert f"the exported game could not open {GOOD}" in said


def test_a_pack_without_its_library_is_made_with_a_warning(
    engine: godot.Engine, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", make_bundle(tmp_path / "bundle"))
    remove_libraries(project, "*release*")
    ended, pack = export(project, "linux")
    assert ended.faults == [], godot.explain(ended)
    assert pack.exists()
    assert (
        "template_release.x86_64.so is missing, so that the exported game could not" in ended.said
    )


def test_a_game_exported_without_the_plug_in_says_so(engine: godot.Engine, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", make_bundle(tmp_path / "bundle"), settings="")
    ended, pack = export(project, "linux")
    assert ended.faults == [], godot.explain(ended)
    found = report(project, pack)
    assert found["opened"] == "File not found"
    assert "README.md is missing, and manifest.json names it" in found["message"]
    assert "an export packs a bundle whole where the plug-in Ludus is enabled" in found["message"]


@pytest.mark.parametrize("preset", ["web without", "selected without"])
def test_a_bundle_that_the_filter_leaves_out_is_left_out_with_a_warning(
    engine: godot.Engine, tmp_path: Path, preset: str
) -> None:
    said, found = exported(tmp_path, preset)
    assert f"WARNING: Ludus: {GOOD} is not in this export" in said
    assert found["files"] == []


def test_a_manifest_that_is_selected_stands_for_its_bundle(
    engine: godot.Engine, tmp_path: Path
) -> None:
    _, found = exported(tmp_path, "selected")
    assert found["files"] == files_of("iree-vmvx", "iree-vulkan", "cuda")


def test_another_manifest_is_none_of_its_business(linux: Any) -> None:
    said, found = linux
    assert found["other"]
    assert "Ludus: res://other" not in said


@pytest.fixture(scope="module")
def probed(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which probe.gd looked at the inspector."""
    made = tmp_path_factory.mktemp("editor")
    broken = make_bundle(made / "broken")
    (broken / "README.md").unlink()
    model = made / "good.tres"
    model.write_text(
        '[gd_resource type="LudusModel" format=3]\n\n[resource]\nbundle = "res://models/good"\n',
        "utf-8",
    )
    files = {"models/broken": broken, "models/good.tres": model, "addons/probe": SCRIPTS}
    settings = PLUGINS.format(more=', "res://addons/probe/plugin.cfg"')
    project = make_project(
        made / "project", make_bundle(made / "bundle"), settings=settings, **files
    )
    godot.run(project, "--editor")
    return project


@pytest.fixture(scope="module")
def shown(probed: Path) -> Any:
    return json.loads((probed / "probe.json").read_text("utf-8"))


@pytest.mark.parametrize("what", ["manifest", "model"])
def test_the_inspector_shows_a_bundle(shown: Any, what: str) -> None:
    whole, *lines = shown[what].splitlines()
    assert re.fullmatch(r"golden 1.0.0: [\d.]+ KiB in 10 files, every checksum holds", whole)
    assert lines[:5] == [
        "input/0: image, FP32 [N, 1, 28, 28]",
        "output/0: probabilities, FP32 [N, 10]",
        "set_image(): a drawing, box to 28 x 28 grey",
        "labels: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "iree-vmvx",
    ]
    assert re.fullmatch(r"verified, cpu, [\d.]+ KiB", lines[5])
    assert lines[-8:] == [
        "cuda",
        "attested, cuda, 4 B",
        "metal",
        "not run, metal, 5 B",
        "old",
        "verified, cpu, 3 B",
        "onnx",
        "verified, onnx, 4 B",
    ]


def test_a_press_shows_what_a_variant_needs_and_what_was_found(shown: Any) -> None:
    lines = shown["unfolded"].splitlines()
    assert "needs iree 3.13.0, cpu, aarch64" in shown["unfolded"]
    assert any(line.startswith("verified on cpu: accuracy 1.0000, agreement ") for line in lines)


def test_the_inspector_says_what_is_wrong_with_a_bundle(shown: Any) -> None:
    assert "models/broken/README.md is missing" in shown["changed"]


def test_the_inspector_shows_nothing_where_there_is_no_bundle(shown: Any) -> None:
    assert shown["empty"] == ""
    assert shown["other"] is None


def test_the_project_setting_is_off_and_known(shown: Any) -> None:
    assert shown["setting"] is False


def test_the_editor_adds_nothing_to_a_bundle(probed: Path) -> None:
    bundle = probed.parent / "bundle"
    expected = sorted(path.relative_to(bundle) for path in bundle.rglob("*"))
    added = probed / "models" / "good"
    assert sorted(path.relative_to(added) for path in added.rglob("*")) == expected


@pytest.mark.parametrize(
    ("good", "picture", "said"),
    [(BUNDLE, "drawings/7.png", "7"), (TENSORS, "photos/wide.png", "6")],
    ids=["a drawing", "a photo, without labels"],
)
def test_the_script_template_recognises_a_picture(
    probed: Path, tmp_path: Path, good: Path, picture: str, said: str
) -> None:
    template = (probed / "script_templates/Node/ludus_model.gd").read_text("utf-8")
    script = tmp_path / "template.gd"
    script.write_text(template.replace("_BASE_", "Node").replace("digits", "good"), "utf-8")
    files = {
        "models/good": good,
        "picture.png": GOLDEN / picture,
        "template.gd": script,
        "try_template.gd": SCRIPTS / "try_template.gd",
    }
    project = godot.make_project(tmp_path / "project", files)
    assert f"RECOGNISED {said}\n" in godot.run(project, "--script", "res://try_template.gd")
