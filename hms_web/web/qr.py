"""A QR code as one path of an SVG: it stands in the page itself, needs no style, and no other site learns of it."""

from dataclasses import dataclass

import segno

BORDER = 4  # modules of white around it, without which cameras do not find it


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing: `path` in units of one module, in a square of `size` modules."""

    path: str
    size: int


def picture(text: str) -> Picture:
    """Draw a text."""
    code = segno.make(text, error="m", micro=False)
    size = len(code.matrix) + 2 * BORDER
    dark = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix, start=BORDER)
        for x, module in enumerate(row, start=BORDER)
        if module
    )
    return Picture("".join(dark), size)
