"""Tells "leave it as it is" from "make it empty" in a change."""

from enum import Enum
from typing import Final


class Unset(Enum):
    """The type of UNSET; an enum, so that type checkers narrow `value is UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
