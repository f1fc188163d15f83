"""Lowers and compiles each candidate once, into a temporary folder."""

import io
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ludus.bundle.schema import Variant
from ludus.compile import Sources, compiler
from ludus.config.lowerings import Lowering
from ludus.core.errors import DeviceError, LudusError, UsageError
from ludus.process.isolated import run_isolated
from ludus.tuning.candidates import Candidate

COMPILE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Built:
    """A candidate's files, and what describes them."""

    variant: Variant
    folder: Path


@dataclass(kw_only=True)
class Builds:
    """The candidates built so far; new lowerings must have different names."""

    export: Path  # the folder with model.pt2
    folder: Path
    _known: dict[tuple[str, str], Built] = field(default_factory=dict)
    _program: Any = None

    def build(self, candidate: Candidate) -> Built:
        """Build a candidate. Raises a LudusError with the message of the tool that refused it."""
        if candidate.key not in self._known:
            lowered = self.folder / "lowered"
            self._lower(candidate.lowering, lowered / f"{candidate.target.lowering}.mlir")
            name = f"candidate-{len(self._known)}"
            out = self.folder / name
            out.mkdir(exist_ok=True)
            variant = run_isolated(
                compile_candidate, name, candidate, self.export, lowered, out,
                seconds=COMPILE_SECONDS,
            )  # fmt: skip
            self._known[candidate.key] = Built(variant=variant, folder=out)
        return self._known[candidate.key]

    def _lower(self, lowering: Lowering, out: Path) -> None:
        if out.exists():
            return
        import torch

        from ludus.lowering.to_mlir import to_mlir

        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if self._program is None:
                    self._program = torch.export.load(self.export / "model.pt2")
                to_mlir(self._program, lowering).save_mlir(out)
        except LudusError:
            raise
        # torch and turbine raise what they like for a network that they cannot lower so.
        except Exception as error:
            said = str(error).strip().partition("\n")[0]
            raise DeviceError(f"not lowered: {type(error).__name__}: {said}") from None


def compile_candidate(
    name: str, candidate: Candidate, export: Path, lowered: Path, out: Path
) -> Variant:
    """Compile a candidate, lowered before, into out."""
    lowerings = {candidate.target.lowering: candidate.lowering}
    sources = Sources(export=export, lowered=lowered, lowerings=lowerings)
    return compiler("iree").build(name, candidate.target, sources, out)


def need_torch() -> None:
    """Raises UsageError where what lowers and writes is not installed."""
    for package in ("torch", "iree.turbine", "ruamel.yaml"):
        try:
            there = find_spec(package) is not None
        except ModuleNotFoundError:  # of the package that it is in
            there = False
        if not there:
            raise UsageError(
                f"`ludus tune` needs the Python package '{package}', to lower the network and to "
                "write params.yaml; in a checkout of Ludus `make setup` installs it into .venv"
            )
