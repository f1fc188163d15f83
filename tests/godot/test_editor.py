"""The plug-in in the editor without a window: what an export packs, and what the inspector shows.

The engine exports and runs packs without export templates.
"""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import bundles
import pytest

from ludus import godot
from ludus.toolchain import ROOT

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
    "macos": {"platform": "macOS", "architecture": "universal"},
    "web": {"platform": "Web"},
    "web without": {"platform": "Web", "exclude": "models/good/*"},
    "selected": {"filter": "resources", "more": f', "{GOOD}/manifest.json"'},
    "selected without": {"filter": "resources"},
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
        "".join(
            PRESET.format(index=index, name=name, **COMMON | changes)
            for index, (name, changes) in enumerate(PRESETS.items())
        ),
        "utf-8",
    )
    return project


def export(project: Path, preset: str) -> tuple[godot.Ended, Path]:
    pack = project.parent / "game" / "game.pck"
    pack.parent.mkdir()
    return godot.start(project, "--export-pack", preset, str(pack)), pack


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


def refused(tmp_path: Path, preset: str, bundle: Path) -> str:
    """What was said by an export that fails and leaves nothing."""
    ended, pack = export(make_project(tmp_path / "project", bundle), preset)
    assert ended.exit_code == 1, godot.explain(ended)
    assert not pack.exists()
    return ended.said


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


def test_a_universal_macos_application_gets_both_cpus(engine: godot.Engine, tmp_path: Path) -> None:
    _, found = exported(tmp_path, "macos")
    assert found["files"] == files_of("iree-vmvx", "aarch64", "metal")


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
    [(bundles.GOOD, "drawings/7.png", "7"), (bundles.TENSORS, "photos/wide.png", "6")],
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
        "picture.png": bundles.GOLDEN / picture,
        "template.gd": script,
        "try_template.gd": SCRIPTS / "try_template.gd",
    }
    project = godot.make_project(tmp_path / "project", files)
    assert f"RECOGNISED {said}\n" in godot.run(project, "--script", "res://try_template.gd")
