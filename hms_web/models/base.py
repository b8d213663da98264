"""The declarative base, the naming of constraints, and the columns that every table shares."""

import secrets
from datetime import datetime
from enum import StrEnum
from threading import Lock
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, mapped_column

from hms_web import clock

# Fixed names let a migration drop a constraint, and let a service tell which constraint refused a write.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of all tables; plain, so that mypy sees every column."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: DateTime(timezone=True), str: String()}  # noqa: RUF012 SQLAlchemy's own form


_RANDOM_BITS = 74
_LOW_BITS = 62
_STEP_BITS = 40


class _Ids:
    """Makes UUIDv7s that go up in one process, those of one millisecond too (RFC 9562, section 6.2)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = (0, 0)

    def next(self, count: int) -> list[int]:
        """Return the next ones as numbers: 48 bits of milliseconds, then version, variant and 74 random bits."""
        milliseconds = int(clock.now().timestamp() * 1000)
        step = 1 + secrets.randbits(_STEP_BITS)
        with self._lock:
            random = secrets.randbits(_RANDOM_BITS - 1)  # room above, for those that follow in the same millisecond
            if milliseconds == self._last[0]:
                random = self._last[1]
            last = random + step * count
            self._last = milliseconds, last
        return _uuid7s(milliseconds, range(random + step, last + 1, step))


def _uuid7s(milliseconds: int, randoms: range) -> list[int]:
    if not randoms:
        return []
    high, low = milliseconds << 80 | 7 << 76, 2 << 62
    if randoms[0] >> _LOW_BITS == randoms[-1] >> _LOW_BITS:  # all but always: the same bits stand above the variant
        base = high | (randoms[0] >> _LOW_BITS) << 64 | low
        over = randoms[0] >> _LOW_BITS << _LOW_BITS
        return [base + random - over for random in randoms]
    mask = (1 << _LOW_BITS) - 1
    return [high | (random >> _LOW_BITS) << 64 | low | random & mask for random in randoms]


_ids = _Ids()


def new_id() -> UUID:
    """Return a time-ordered id (UUIDv7), so that new rows stand together in every index and events in their order."""
    return UUID(int=_ids.next(1)[0])


def new_ids(count: int) -> list[UUID]:
    """Return many such ids, in order, for less than one by one."""
    return [UUID(int=number) for number in _ids.next(count)]


def new_ids_written(count: int) -> list[str]:
    """Return many such ids, in order, as their 32 digits: for what only the database reads."""
    return [f"{number:032x}" for number in _ids.next(count)]


Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
HospitalId = Annotated[UUID, mapped_column(ForeignKey("hospitals.id"))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the constraint that a text column holds only the values of an enum.

    Text with a check and not a database enum: adding a value is then one reversible migration.
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def in_hospital(column: str, table: str) -> ForeignKeyConstraint:
    """Return a foreign key that carries the hospital along, so that no row can point into another hospital."""
    return ForeignKeyConstraint(["hospital_id", column], [f"{table}.hospital_id", f"{table}.id"])
