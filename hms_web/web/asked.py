"""What an address or a form asks for, read without trusting it: what cannot be read counts as not asked."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from hms_web.domain.local_time import read_day
from hms_web.domain.validation import is_storable

E = TypeVar("E", bound=StrEnum)
# The decoder passes over whatever is no letter of its own.
WORD = re.compile(r"[\w-]+", re.ASCII)
ID_BYTES = 16


def choice(kind: type[E], written: str) -> E | None:
    """Return the member of an enum whose value was written, or None."""
    return next((member for member in kind if member == written), None)


def text(values: Mapping[str, str], name: str) -> str | None:
    """Return a text without surrounding space, or None where there is none or the database could not hold it."""
    written = values.get(name, "").strip()
    return written if written and is_storable(written) else None


def day(values: Mapping[str, str], name: str) -> date | None:
    """Return a day that can be meant, or None."""
    return read_day(values.get(name, ""))


def clock_time(written: str | None) -> time | None:
    """Return a time of day, or None."""
    try:
        return time.fromisoformat(written or "").replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def key(values: Mapping[str, str], name: str) -> UUID | None:
    """Return the id of a record, or None."""
    try:
        return UUID(values.get(name, ""))
    except ValueError:
        return None


def packed(keys: Iterable[UUID]) -> str:
    """Return ids as one word of an address: a hundred of them stay well under what a server takes as a line."""
    return urlsafe_b64encode(b"".join(key.bytes for key in keys)).decode().rstrip("=")


def unpacked(word: str) -> list[UUID]:
    """Return the ids of such a word, or of one id as it is usually written; none where it is neither.

    A word that was cut off is neither: of fewer than were chosen nobody would see that some are missing.
    """
    one = key({"id": word}, "id")
    if one is not None:
        return [one]
    try:
        raw = urlsafe_b64decode(word + "=" * (-len(word) % 4)) if WORD.fullmatch(word) else b""
    except ValueError:
        return []
    if len(raw) % ID_BYTES:
        return []
    return [UUID(bytes=raw[at : at + ID_BYTES]) for at in range(0, len(raw), ID_BYTES)]


def number(values: Mapping[str, str], name: str) -> int | None:
    """Return a whole number, or None."""
    written = values.get(name, "").strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None  # noqa: PLR2004 fits
