"""Today's people as a board shows them: in columns, with how long they have waited and what can be done for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from hms_web.domain.flow import WAITING, Stage
from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import vitals
from hms_web.services.board import BoardRow
from hms_web.services.vitals import Measured
from hms_web.web.language import gettext
from hms_web.web.waiting import passed_words

TITLES: dict[Stage, LazyString] = {
    Stage.EXPECTED: lazy_gettext("Expected"),
    Stage.ARRIVED: lazy_gettext("Arrived"),
    Stage.VITALS_DONE: lazy_gettext("Vitals done"),
    Stage.WITH_DOCTOR: lazy_gettext("With the doctor"),
    Stage.DONE: lazy_gettext("Done"),
}
EMPTY: dict[Stage, LazyString] = {
    Stage.EXPECTED: lazy_gettext("Nobody else is expected today."),
    Stage.ARRIVED: lazy_gettext("Nobody waits for vitals."),
    Stage.VITALS_DONE: lazy_gettext("Nobody waits for the doctor."),
    Stage.WITH_DOCTOR: lazy_gettext("Nobody is with a doctor."),
    Stage.DONE: lazy_gettext("Nobody is done yet."),
}
TONES = {Stage.ARRIVED: "good", Stage.VITALS_DONE: "good", Stage.WITH_DOCTOR: "accent"}

MOST_DONE = 6
"""So many of those who are done stay on the screen; the others are a number and a link."""


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody on the board: how long they have been at their stage, and what the reader may do for them."""

    row: BoardRow
    stage: Stage
    measured: Measured | None
    words: str
    tone: str
    is_late: bool
    may_check_in: bool
    may_undo: bool
    may_measure: bool
    may_start: bool
    may_open: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A stage with its people; `count` counts also those who are not shown."""

    stage: Stage
    title: LazyString
    empty: LazyString
    cards: Sequence[Card]
    count: int
    late: int


def is_clinical(actor: Actor) -> bool:
    """Whether somebody treats patients, and so sees what was measured of them."""
    return actor.role in {Role.NURSE, Role.DOCTOR}


def measured(session: Session, actor: Actor, rows: Iterable[BoardRow]) -> Mapping[UUID, Measured]:
    """Return what was measured of those who wait for the doctor or are with one, for whoever treats them."""
    if not is_clinical(actor):
        return {}
    stages = {Stage.VITALS_DONE, Stage.WITH_DOCTOR}
    return vitals.latest(session, actor, [row.appointment_id for row in rows if row.stage in stages])


def cards(rows: Iterable[BoardRow], actor: Actor, readings: Mapping[UUID, Measured], *, now: datetime) -> list[Card]:
    """Return everybody who is coming, here, or done, with their `readings`; whoever is not coming is left out."""
    return [
        _card(row, row.stage, actor, readings.get(row.appointment_id), now) for row in rows if row.stage is not None
    ]


def columns(shown: Iterable[Card]) -> list[Column]:
    """Return the five columns, in each of them the longest wait first; of those who are done, the latest."""
    by_stage = sorted(shown, key=lambda card: list(Stage).index(card.stage))
    found = {stage: list(group) for stage, group in groupby(by_stage, key=lambda card: card.stage)}
    return [_column(stage, found.get(stage, [])) for stage in Stage]


def _column(stage: Stage, people: list[Card]) -> Column:
    people.sort(key=lambda card: card.row.since, reverse=stage is Stage.DONE)
    late = sum(card.is_late for card in people)
    shown = people[:MOST_DONE] if stage is Stage.DONE else people
    return Column(stage, TITLES[stage], EMPTY[stage], shown, len(people), late)


def _card(row: BoardRow, stage: Stage, actor: Actor, readings: Measured | None, now: datetime) -> Card:
    too_long_at = row.too_long_at
    is_late = row.has_alert or (too_long_at is not None and now >= too_long_at)
    is_own = actor.doctor_id == row.doctor_id
    return Card(
        row,
        stage,
        readings,
        words=_words(row, stage, now),
        tone="bad" if is_late else TONES.get(stage, ""),
        is_late=is_late,
        may_check_in=stage is Stage.EXPECTED,
        may_undo=stage is Stage.ARRIVED,
        may_measure=is_clinical(actor) and stage in WAITING,
        may_start=is_own and row.status is AppointmentStatus.CHECKED_IN,
        may_open=actor.role is Role.DOCTOR and row.consultation_id is not None,
    )


_WORDS: dict[Stage, Callable[[str], str]] = {
    Stage.EXPECTED: lambda passed: gettext("late %(time)s", time=passed),
    Stage.ARRIVED: lambda passed: passed,
    Stage.VITALS_DONE: lambda passed: passed,
    Stage.WITH_DOCTOR: lambda passed: passed,
}


def _words(row: BoardRow, stage: Stage, now: datetime) -> str:
    """How long, as it is at this moment; the page lets it run on. Nothing for who is not late, or done."""
    if stage is Stage.VITALS_DONE and row.since > now:
        return gettext("ready")
    if stage not in _WORDS or row.since > now:
        return ""
    return _WORDS[stage](passed_words(now - row.since))
