"""Cells of a CSV export that a spreadsheet shows as text and never runs (quality.md, Nobody gets in)."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: object) -> str:
    """Return a value as the text of one CSV cell; None is an empty one.

    A text that a spreadsheet would take for a formula gets an apostrophe in front: names that begin so are legitimate,
    what they would do on someone's machine is not. Numbers stay as they are, a minus sign of theirs included. Blanks
    before the sign, and signs in their full-width form, are read by spreadsheets as if they were not there.
    """
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) or not _runs(text):
        return text
    return f"'{text}"


def _runs(text: str) -> bool:
    bare = text.lstrip(" \u00a0\ufeff\u200b")
    return text.startswith(_FORMULA) or bare.startswith((*_FORMULA, "\uff1d", "\uff0b", "\uff0d", "\uff20"))
