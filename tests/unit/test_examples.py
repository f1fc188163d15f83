"""The words that an example is tried on are those that its model.yaml names."""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from support.paths import ROOT


def test_the_words_of_text_direction_have_the_sum_that_model_yaml_says(tmp_path: Path) -> None:
    about = Path(shutil.copy(ROOT / "examples/text-direction/model.yaml", tmp_path))
    command = [sys.executable, str(ROOT / "examples/words.py"), str(about)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert f"sha256 {yaml.safe_load(about.read_text())['tests']['sha256']}" in said
