"""The second pipeline's params, and the sweep of rows that are gone."""

from pathlib import Path

import pytest
import yaml

from ludus.config.everywhere import load_everywhere, place_of
from ludus.config.params import load_params
from ludus.core.errors import ConfigError
from stages.sweep import sweep
from support.paths import ROOT

FIRST = ROOT / "params.yaml"
SECOND = ROOT / "everywhere" / "params.yaml"


def changed(tmp_path: Path, table: str, name: str, row: object) -> Path:
    values = yaml.safe_load(SECOND.read_text())
    values[table][name] = row
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_its_rows_are_its_own_and_the_evaluations_of_both_tables() -> None:
    everywhere, values = load_everywhere(SECOND, FIRST), yaml.safe_load(SECOND.read_text())
    assert list(everywhere.targets) == list(values["targets"])
    assert list(everywhere.lowerings) == list(values["lowerings"])
    assert list(everywhere.evaluations) == [*values["evaluations"], *values["systems"]]
    assert everywhere.gate == load_params(FIRST).gate


@pytest.mark.parametrize(
    ("pipeline", "table", "stage"),
    [
        ("dvc.yaml", "evaluations", "evaluate"),
        ("everywhere/dvc.yaml", "evaluations", "evaluate"),
        ("everywhere/dvc.yaml", "systems", "system"),
    ],
)
def test_each_row_is_named_by_its_file_and_its_stage(
    monkeypatch: pytest.MonkeyPatch, pipeline: str, table: str, stage: str
) -> None:
    monkeypatch.chdir(ROOT)
    declared = yaml.safe_load(Path(pipeline).read_text())["stages"][stage]
    assert declared["foreach"] == f"${{{table}}}"
    params = Path(pipeline).with_name("params.yaml")
    addressed = "" if pipeline == "dvc.yaml" else f"{pipeline}:"
    for name in yaml.safe_load(params.read_text())[table]:
        place = place_of(name)
        assert place.stage == f"{addressed}{stage}@{name}"
        assert place.row == f"{params.as_posix()} {table}.{name}"
        assert place.repro == f"dvc repro{' --all-pipelines' if addressed else ''}"


@pytest.mark.parametrize("text", [None, "", "systems: 3\n"])
def test_where_there_is_no_second_pipeline_a_row_is_of_the_first(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_text(text)
    place = place_of("xla-cpu", path)
    assert place.stage == "evaluate@xla-cpu"
    assert place.row == "params.yaml evaluations.xla-cpu"
    assert place.repro == "dvc repro"


@pytest.mark.parametrize("table", ["lowerings", "targets", "evaluations"])
def test_a_name_of_the_first_pipeline_is_refused(tmp_path: Path, table: str) -> None:
    name, row = next(iter(yaml.safe_load(FIRST.read_text())[table].items()))
    with pytest.raises(ConfigError, match=rf"{table}\.{name}: the name is taken"):
        load_everywhere(changed(tmp_path, table, name, row), FIRST)


def test_a_system_by_the_name_of_an_evaluation_is_refused(tmp_path: Path) -> None:
    name = next(iter(yaml.safe_load(SECOND.read_text())["evaluations"]))
    row = {"target": "iree-vmvx", "device": "cpu", "executor": "native", "required": False}
    with pytest.raises(ConfigError, match=rf"systems\.{name}: the name is taken"):
        load_everywhere(changed(tmp_path, "systems", name, row), FIRST)


def test_a_system_of_an_unknown_target_names_the_nearest(tmp_path: Path) -> None:
    row = {"target": "iree-vmxv", "device": "cpu", "executor": "native", "required": False}
    with pytest.raises(ConfigError, match=r"systems\.x\.target: no target 'iree-vmxv'.*iree-vmvx"):
        load_everywhere(changed(tmp_path, "systems", "x", row), FIRST)


def test_with_another_networks_params_the_message_says_how_to_go_on_without_the_second() -> None:
    other = ROOT / "examples/text-direction/params.yaml"
    with pytest.raises(ConfigError, match=r"take out those of targets that are gone, or run `make"):
        load_everywhere(SECOND, other)


def test_a_target_of_a_lowering_of_the_first_pipeline_is_refused(tmp_path: Path) -> None:
    row = yaml.safe_load(SECOND.read_text())["targets"]["shark-cpu"] | {"lowering": "winograd-cpu"}
    with pytest.raises(ConfigError, match=r"targets\.x\.lowering: no lowering 'winograd-cpu'"):
        load_everywhere(changed(tmp_path, "targets", "x", row), FIRST)


def test_a_sweep_leaves_the_listed_rows_and_removes_all_else(tmp_path: Path) -> None:
    for name in ("kept", "gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module").touch()
        (tmp_path / f"{name}.json").touch()
    assert sweep(tmp_path, ["kept"]) == ["gone", "gone.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "kept.json"]
    assert sweep(tmp_path / "none", ["kept"]) == []
