"""Reading a file of comma-separated values that another system wrote: bytes, encoding, delimiter, header, rows.

The whole file is read and understood before anything is imported, so that a file that cannot be read changes nothing.
"""

import codecs
import csv
import io
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hms_web.domain.importing import (
    REPORT_COLUMNS,
    Field,
    RowRefused,
    Rule,
    Unusable,
    columns_of,
    delimiter_of,
    shown,
    unguarded,
)

T = TypeVar("T")

MEBIBYTE = 1024 * 1024
LARGEST_FILE = 64 * MEBIBYTE
_HEADER_WITHIN = 64 * 1024
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NOT_TEXT = (
    "This is not a text file, or of another encoding: line {line} holds a character that no text has. "
    "For UTF-16 without a byte-order mark, try --encoding utf-16-le or utf-16-be."
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16's mark, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins, its values as they stand there, and where the fields are."""

    line: int
    values: Sequence[str]
    places: Mapping[str, int]

    def get(self, field: str) -> str | None:
        """Return what the row says of a field, without surrounding space; None for nothing."""
        place = self.places.get(field)
        return None if place is None else self.values[place].strip() or None

    def need(self, field: str) -> str:
        """Return what the row says of a field; raises RowRefused for nothing."""
        value = self.get(field)
        if value is None:
            raise RowRefused(Rule.MISSING_VALUE, f"The row says nothing for {field}.")
        return value

    def read(self, field: str, reader: Callable[[str], T]) -> T | None:
        """Return what a reader makes of a field, None for nothing; raises RowRefused when it raises ValueError."""
        value = self.get(field)
        try:
            return None if value is None else reader(value)
        except ValueError as wrong:
            raise RowRefused(Rule.INVALID_VALUE, f"{field}: {wrong}") from wrong


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read to its end. `data` is UTF-8; `headers` are all, `places` says where the fields stand."""

    data: bytes
    delimiter: str
    headers: Sequence[str]
    places: Mapping[str, int]
    count: int

    @property
    def own(self) -> list[int]:
        """The places of the file's own columns; a file of refused rows has ours before them."""
        return [place for place, header in enumerate(self.headers) if header not in REPORT_COLUMNS]

    @property
    def is_of_refused(self) -> bool:
        """Whether this is a file of refused rows, which were corrected and come again."""
        return REPORT_COLUMNS[1] in self.headers

    def rows(self) -> Iterator[Row]:
        """Return the rows in order; those that hold nothing are left out. One of the wrong width is still a row."""
        for line, values in _records(self.data, self.delimiter, skip=1):
            yield Row(line, [unguarded(value) for value in values] if self.is_of_refused else values, self.places)

    def check_width(self, row: Row) -> None:
        """Raise RowRefused for a row with fewer values than the header, or with more that say something."""
        have, expected = len(row.values), len(self.headers)
        if have < expected or any(value.strip() for value in row.values[expected:]):
            sentence = f"The row has {have} values, the header {expected}: is a delimiter or a quotation mark missing?"
            raise RowRefused(Rule.WRONG_COLUMNS, sentence)


def read(path: Path, fields: Sequence[Field], mapping: Mapping[str, str], *, encoding: str | None = None) -> Table:
    """Read a file and find its columns; raises Unusable with one sentence that says what is wrong with it."""
    text = _decoded(_bytes_of(path), encoding)
    delimiter = delimiter_of(text[:_HEADER_WITHIN])
    data = text.encode()
    del text
    headers: list[str] = []
    count = 0
    for _, values in _records(data, delimiter):
        if headers:
            count += 1
        else:
            headers = [unguarded(value.strip()) for value in values]
    if not headers:
        message = "The file is empty: its first line has to name the columns."
        raise Unusable(message)
    return Table(data, delimiter, headers, columns_of(headers, fields, mapping), count)


def _bytes_of(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            message = "This is a folder." if stat.S_ISDIR(found.st_mode) else "This is not a regular file."
            raise Unusable(message)
        if found.st_size <= LARGEST_FILE:
            return path.read_bytes()
    except OSError as error:
        message = f"It cannot be read: {error.strerror or error}."
        raise Unusable(message) from error
    message = (
        f"The file has {found.st_size / MEBIBYTE:.0f} MiB; an import takes at most {LARGEST_FILE // MEBIBYTE} MiB. "
        "Split it, and begin each part with the line that names the columns."
    )
    raise Unusable(message)


def _decoded(data: bytes, encoding: str | None) -> str:
    """Return the text of a file. A byte-order mark decides, then what was asked for, then UTF-8; raises Unusable."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    used = marked or encoding or "utf-8"
    try:
        text = data.decode(used)
    except LookupError:
        message = f"--encoding {shown(used)}: there is no such text encoding. Try utf-8, cp1252, latin-1 or utf-16-le."
        raise Unusable(message) from None
    except UnicodeDecodeError as error:
        if b"\0" in data and used == "utf-8":
            raise Unusable(_NOT_TEXT.format(line=data[: data.index(b"\0")].count(b"\n") + 1)) from None
        given = error.object  # without the byte-order mark
        line = _line(given[: error.start].decode(used, "replace"))
        hint = "Try another --encoding." if encoding else "Say which encoding it has, such as --encoding cp1252."
        byte = f"byte {len(data) - len(given) + error.start + 1} of the file, 0x{given[error.start]:02X}"
        message = f"Line {line} is not {used.upper()} ({byte}). {hint}"
        raise Unusable(message) from None
    except UnicodeError as error:
        message = f"--encoding {shown(used)}: {shown(str(error))}."
        raise Unusable(message) from None
    wrong = _UNSTORABLE.search(text)
    if wrong:
        raise Unusable(_NOT_TEXT.format(line=_line(text[: wrong.start()])))
    return text


def _line(before: str) -> int:
    """Return the number of the line that comes after or goes on behind a text."""
    return len(io.StringIO(f"{before}.", newline=None).readlines())


def _records(data: bytes, delimiter: str, *, skip: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Return records that hold something, each with the line on which it begins; raises Unusable for broken quoting."""
    with io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        line = 1
        try:
            for values in reader:
                if any(value.strip() for value in values):
                    if skip:
                        skip -= 1
                    else:
                        yield line, values
                line = reader.line_num + 1
        except csv.Error as error:
            message = (
                f"The row that begins on line {line} cannot be read ({error}): "
                "look for a quotation mark that is never closed, or for one too many."
            )
            raise Unusable(message) from error
