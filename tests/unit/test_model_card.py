"""A bundle's README.md says what its manifest says."""

from ludus.bundle.model_card import model_card
from ludus.bundle.reader import read_manifest
from support.paths import BUNDLE


def test_the_card_of_the_good_bundle_is_the_one_made_now() -> None:
    card = (BUNDLE / "README.md").read_text()
    assert card == model_card(read_manifest(BUNDLE / "manifest.json")), (
        "make it again: python tests/golden/make_bundle.py"
    )


def test_every_evaluation_has_a_row_and_what_was_not_run_has_no_figures() -> None:
    rows = model_card(read_manifest(BUNDLE / "manifest.json")).splitlines()
    assert "| iree-vulkan | iree-vulkan | vulkan | not run |  |  |  |" in rows
    verified = "| iree-vmvx | iree-vmvx | cpu | verified | 1.0000 | 1.0000 |"
    assert any(row.startswith(verified) for row in rows)


def test_the_card_names_inputs_outputs_and_labels() -> None:
    card = model_card(read_manifest(BUNDLE / "manifest.json"))
    assert "Input `image`: FP32 [-1, 1, 28, 28]" in card
    assert "Output `probabilities`: FP32 [-1, 10], for the labels 0, 1, 2, 3" in card
