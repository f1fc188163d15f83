"""The rows of `targets` in params.yaml, each a model of its backend."""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from ludus.config.backends import BACKENDS
from ludus.config.backends.base import BuiltTarget

if TYPE_CHECKING:
    Target = BuiltTarget
else:  # the row's key `backend` says which
    ROWS = tuple(backend.target for backend in BACKENDS.values())
    Target = Annotated[Union[ROWS], Field(discriminator="backend")]  # noqa: UP007
