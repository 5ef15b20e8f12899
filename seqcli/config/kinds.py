"""What the fields of the settings tree are made of: a section, and kinds of values.

Place: **kinds** -> cleaning, tree.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def none_if_off(value: object) -> object:
    """Read the words that switch a number off (YAML reads a bare ``off`` as False)."""
    return None if value is False or value in ("off", "none", "null") else value


Count = Annotated[int, Field(ge=1)]
OptionalCount = Annotated[Annotated[int, Field(ge=1)] | None, BeforeValidator(none_if_off)]
Minutes = Annotated[
    str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?m$", description="minutes such as 10m")
]
OptionalInterval = Annotated[Count | Minutes | None, BeforeValidator(none_if_off)]
OptionalPositive = Annotated[Annotated[float, Field(gt=0)] | None, BeforeValidator(none_if_off)]
Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A frozen group of settings; a key that is not a field is refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )
