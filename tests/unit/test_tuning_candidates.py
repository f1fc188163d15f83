"""What `ludus tune` tries: rows that say something else, and could be."""

import pytest

from ludus.config.backends.iree import IreeTarget, Tile
from ludus.config.lowerings import Lowering
from ludus.config.params import Params
from ludus.core.types import Cpu
from ludus.tuning import inner_loops
from ludus.tuning.candidates import (
    Candidate,
    dimensions,
    other_batches,
    other_flags,
    other_lowerings,
    other_tiles,
    present,
)

V3 = Cpu(architecture="x86_64", features=["avx2", "fma", "f16c"])
ONE_ROW, BATCHED = Tile(m=1, n=64, k=4), Tile(batched=True, m=5, n=16, k=4)


def target(driver: str = "cpu", lowering: str = "mine", **more: object) -> IreeTarget:
    row = {"backend": "iree", "toolchain": "3.13.0", "lowering": lowering, "driver": driver}
    return IreeTarget.model_validate({**row, "flags": ["--first", "--iree-opt-level=O3"], **more})


def params(**lowered: list[int] | str) -> Params:
    rows = {"mine": [1, 16], "idle": "dynamic", "other-cpu": [4], "gpu": [256], **lowered}
    return Params.model_construct(
        lowerings={
            name: Lowering.model_validate({"rewrites": ["winograd"], "batches": batches})
            for name, batches in rows.items()
        },
        targets={
            "cpu-1": target(cpu=V3, tiles=[ONE_ROW, BATCHED]),
            "cpu-2": target(lowering="other-cpu"),
            "cuda": target("cuda", "gpu"),
            "vulkan": target("vulkan", "gpu"),
        },
    )


def changes(candidates: list[Candidate]) -> list[str]:
    return [candidate.change for candidate in candidates]


def test_lowerings_for_the_same_kind_of_device_or_for_none_are_tried() -> None:
    found = params()
    now = present("cpu-1", found)
    assert changes(other_lowerings(now, found)) == ["lowering idle", "lowering other-cpu"]
    now = present("cuda", found)
    assert changes(other_lowerings(now, found)) == ["lowering idle"]


def test_lowerings_of_other_sources_are_not_tried() -> None:
    found = params()
    onnx = Lowering(source="onnx", rewrites=[], batches="dynamic")
    lowerings = {**found.lowerings, "idle": onnx}
    found = Params.model_construct(lowerings=lowerings, targets=found.targets)
    assert changes(other_lowerings(present("cuda", found), found)) == []


def test_a_lowering_for_gpus_is_tried_on_another_kind_of_gpu() -> None:
    found = params(few=[1])
    cuda = found.targets | {"cuda": target("cuda", "few")}
    found = Params.model_construct(lowerings=found.lowerings, targets=cuda)
    assert "lowering few" in changes(other_lowerings(present("vulkan", found), found))


def test_other_batches_are_a_new_row_with_a_name_that_says_them() -> None:
    found = params()
    names = [one.target.lowering for one in other_batches(present("cpu-1", found), found)]
    assert names[:2] == ["mine-1-8-32", "mine-1-4-16"]
    assert "mine" not in names


def test_other_batches_of_a_new_row_are_named_after_the_row_that_it_came_from() -> None:
    found = params()
    new = other_batches(present("cpu-1", found), found)[0]
    assert other_batches(new, found)[0].target.lowering == "mine"
    assert other_batches(new, found)[1].target.lowering == "mine-1-4-16"


def test_a_row_that_is_there_already_is_named_and_not_written_twice() -> None:
    found = params(known=[1, 8, 32])
    assert other_batches(present("cpu-1", found), found)[0].target.lowering == "known"


def test_a_new_name_that_is_taken_by_another_row_is_made_longer() -> None:
    found = params(**{"mine-1-8-32": [2]})
    name = other_batches(present("cpu-1", found), found)[0].target.lowering
    assert name == "mine-1-8-32-tuned"


def test_rewrites_for_one_image_go_along() -> None:
    found = params()
    now = present("cpu-1", found)
    single = Candidate(
        change="",
        target=now.target,
        lowering=now.lowering.model_copy(update={"single": ["groups"]}),
    )
    assert other_batches(single, found)[0].lowering.single == ["groups"]


def test_a_flag_with_another_value_takes_the_place_of_the_present_one() -> None:
    found = {one.change: one.target.flags for one in other_flags(present("cpu-1", params()))}
    assert found["--iree-opt-level=O2"] == ["--first", "--iree-opt-level=O2"]
    assert "--iree-opt-level=O3" not in found


def test_one_more_flag_comes_before_the_last() -> None:
    found = {one.change: one.target.flags for one in other_flags(present("cpu-1", params()))}
    added = found["--iree-opt-data-tiling"]
    assert added == ["--first", "--iree-opt-data-tiling", "--iree-opt-level=O3"]


def test_flags_for_cpus_are_not_tried_on_gpus() -> None:
    assert any("llvmcpu" in flag for flag in changes(other_flags(present("cpu-1", params()))))
    assert not any("llvmcpu" in flag for flag in changes(other_flags(present("cuda", params()))))


@pytest.mark.parametrize(
    ("architecture", "features", "lanes", "count"),
    [
        ("x86_64", ["avx512f", "avx2"], 16, 32),
        ("x86_64", ["avx2"], 8, 16),
        ("x86_64", [], 4, 16),
        ("aarch64", [], 4, 32),
    ],
)
def test_tiles_fill_whole_registers_and_no_more_than_there_are(
    architecture: str, features: list[str], lanes: int, count: int
) -> None:
    cpu = Cpu.model_validate({"architecture": architecture, "features": features})
    assert inner_loops.registers(cpu) == (lanes, count)
    found = inner_loops.shapes(cpu)
    assert {m for m, _ in found} <= {4, 5, 6, 8}
    for m, n in found:
        assert n % lanes == 0
        assert (m + 1) * n // lanes + 1 <= count
    assert found == sorted(found, key=lambda shape: -shape[0] * shape[1]), "the fullest first"


def test_each_present_tile_is_left_out_first() -> None:
    found = other_tiles(present("cpu-1", params()))
    assert [one.target.tiles for one in found[:2]] == [[BATCHED], [ONE_ROW]]


def test_a_tile_is_replaced_by_one_of_its_own_kind_alone() -> None:
    found = [one.target.tiles for one in other_tiles(present("cpu-1", params()))]
    for tiles in found:
        if len(tiles) == 2:
            assert (tiles[0].m, tiles[0].batched, tiles[1].batched) == (1, False, True)
    plain = [ONE_ROW, BATCHED, Tile(m=6, n=16, k=4)]
    assert plain in found, "a kind that is not there yet is added"


def test_without_known_instructions_there_are_no_tiles_to_try() -> None:
    assert other_tiles(present("cpu-2", params())) == []
    assert other_tiles(present("cuda", params())) == []


@pytest.mark.parametrize("name", ["cpu-1", "cpu-2", "cuda", "vulkan"])
def test_no_candidate_says_what_the_row_says_already(name: str) -> None:
    found = params()
    now = present(name, found)
    for dimension in dimensions(found):
        keys = [one.key for one in dimension(now)]
        assert now.key not in keys
        assert len(set(keys)) == len(keys)
