"""Grids that were rendered a moment ago (services/kept_days says when one still holds)."""

from dataclasses import dataclass

from markupsafe import Markup

from hms_web.services.kept import Kept

MOST = 400
"""So many are kept in each process; a large one has 30 KiB, and as much again for what it was made of."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page that keeps itself up to date; `beside` is what it changes elsewhere."""

    html: Markup
    seen: str
    beside: Markup


grids: Kept[Part] = Kept(MOST)
