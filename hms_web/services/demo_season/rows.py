"""The rows of a season as it is told, and who acts in it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hms_web.domain.identity import Actor
from hms_web.domain.patients import PatientStatus
from hms_web.services.demo_season.deeds import Course
from hms_web.services.outbox import PatientNotice

Row = dict[str, Any]
Told = Callable[[PatientNotice, datetime], Iterable[Row]]
"""Returns the outbox's rows of a notice."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts, in the order of the places in the courses; `patient_ids` and `doctor_ids` likewise."""

    system: Actor
    nurse: Actor
    desks: Sequence[Actor]
    doctors: Sequence[Actor]
    patient_ids: Sequence[UUID]


@dataclass(slots=True)
class Person:
    """What no-shows did to a patient."""

    missed: int = 0
    status: PatientStatus = PatientStatus.ACTIVE
    blocked_at: datetime | None = None


@dataclass(slots=True)
class Rows:
    """What was told, table by table, in the order in which it happened; doctors and patients by their places."""

    appointments: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    vitals: list[Row] = field(default_factory=list)
    consultations: list[Row] = field(default_factory=list)
    no_shows: list[Row] = field(default_factory=list)
    alerts: list[Row] = field(default_factory=list)
    tokens: Counter[tuple[int, date]] = field(default_factory=Counter)
    people: defaultdict[int, Person] = field(default_factory=lambda: defaultdict(Person))


@dataclass(slots=True)
class Case:
    """One visit as far as it has gone: its row, and the rows beside it that later deeds change.

    `told` are the rows of its latest message.
    """

    course: Course
    row: Row
    doctor: Actor
    desk: Actor
    consultation: Row = field(default_factory=dict)
    no_show: Row = field(default_factory=dict)
    alert: Row = field(default_factory=dict)
    told: list[Row] = field(default_factory=list)
