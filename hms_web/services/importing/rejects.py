"""The file of refused rows: the line, the rule and its sentence, then the row as it was, to be corrected and imported
again.
"""

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hms_web.domain.importing import REPORT_COLUMNS, RowRefused, Unusable, guarded
from hms_web.services.importing.files import Row, Table

SUFFIX = ".rejected.csv"


def places_for(path: Path, wanted: Path | None) -> list[Path]:
    """Return where refused rows may be written, best first: where they are wanted, or beside the file, or here."""
    if wanted is not None:
        return [wanted]
    name = path.with_suffix(SUFFIX).name
    return [path.with_name(name), Path.cwd() / name]


class Rejects:
    """Writes refused rows under a passing name, and gives the file its own at the end if there were any.

    So it is known before the first row whether there is a place for them, and what an earlier import refused is
    replaced only by something new. Only its owner can read the file: it holds patients' data.
    """

    def __init__(self, places: Sequence[Path], source: Path, table: Table) -> None:
        """Open the first place that can be written; raises Unusable."""
        self._own = table.own
        self._width = len(table.headers)
        self._header = [*REPORT_COLUMNS, *(guarded(table.headers[place]) for place in self._own)]
        self._delimiter = table.delimiter
        self.count = 0
        self.path, self._passing = self._open(places, source)

    def _open(self, places: Sequence[Path], source: Path) -> tuple[Path, Path]:
        for place in places:
            if place.resolve() == source.resolve():
                message = "The refused rows cannot be written over the file itself; name another with --rejects."
                raise Unusable(message)
            if place.is_dir():
                continue
            try:
                descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
            except OSError:
                continue
            self._file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._file, delimiter=self._delimiter)
            self._writer.writerow(self._header)
            return place, Path(name)
        message = f"Refused rows could not be written to {places[-1]}; name a file that can be written with --rejects."
        raise Unusable(message)

    def add(self, row: Row, refused: RowRefused) -> None:
        """Write one refused row; what it has beyond the header stands at its end."""
        values = [row.values[place] for place in self._own if place < len(row.values)]
        values += row.values[self._width :]
        self._writer.writerow([row.line, refused.rule, refused.sentence, *(guarded(value) for value in values)])
        self.count += 1

    def flush(self) -> None:
        """Hand what was written to the system, so that even a killed import leaves it."""
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; keep the file if a row was refused."""
        self._file.close()
        if self.count:
            self._passing.replace(self.path)
        else:
            self._passing.unlink()
