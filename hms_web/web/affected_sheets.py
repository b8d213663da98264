"""A plan for affected appointments as a form: what can be chosen for each, and what is."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from hms_web import clock
from hms_web.domain.affected import AffectedAction
from hms_web.domain.planning import Strategy
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db, new_id
from hms_web.services import affected_plans
from hms_web.services.affected_plans import OfferedPlace, Plan, PlannedMove
from hms_web.web import asked, auth, formats, language
from hms_web.web.language import gettext

LEAVE = "LEAVE"
STRATEGIES = {
    Strategy.SAME_DOCTOR_ELSE_COLLEAGUE: lazy_gettext("Same doctor, else a colleague"),
    Strategy.SAME_DOCTOR: lazy_gettext("Same doctor only"),
    Strategy.COLLEAGUE: lazy_gettext("A colleague"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment of a plan with what can be chosen for it: pairs of value and words, and the value chosen.

    `version` is that of the appointment as it was shown first.
    """

    move: PlannedMove
    places: list[tuple[str, str]]
    chosen: str
    version: int

    @property
    def is_sooner(self) -> bool:
        """Whether the proposed time is an earlier one, of which the patient has to hear in time."""
        view, place = self.move.appointment, self.move.place
        return place is not None and not view.is_here and place.starts_at < view.starts_at

    @property
    def otherwise(self) -> list[tuple[str, str]]:
        """What can be chosen beside another time: pairs of value and words."""
        view = self.move.appointment
        leave, keep = (LEAVE, gettext("Leave on the list")), (str(AffectedAction.KEEP), gettext("Keep as it is"))
        if not view.is_here:
            return [leave, keep, (str(AffectedAction.CANCEL), gettext("Cancel for good"))]
        keep = keep[0], gettext("Keep: this doctor sees them all the same")
        if view.status is AppointmentStatus.IN_PROGRESS:
            return [leave, keep]
        return [leave, keep, (str(AffectedAction.CANCEL), gettext("Send home: cancel for good"))]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plan as a form. `batch_id` makes sure that it is applied once; `reason` is that of cancellations."""

    plan: Plan
    rows: list[Row]
    batch_id: UUID
    reason: str
    mistake: str | None = None

    @property
    def same(self) -> int:
        """How many get another time with their own doctor."""
        return sum(row.move.place is not None and _is_own(row.move) for row in self.rows)

    @property
    def colleague(self) -> int:
        """How many get a time with a colleague."""
        return sum(row.move.place is not None and not _is_own(row.move) for row in self.rows)

    @property
    def without(self) -> int:
        """How many find no free time."""
        return sum(row.move.place is None for row in self.rows)

    @property
    def has_people_here(self) -> bool:
        """Whether somebody of the plan waits in the house."""
        return any(row.move.appointment.is_here for row in self.rows)

    @property
    def moves_by_default(self) -> bool:
        """Whether the plan proposes times, and not to keep or to cancel."""
        return any(row.chosen not in {AffectedAction.KEEP, AffectedAction.CANCEL} for row in self.rows)


def _is_own(move: PlannedMove) -> bool:
    return move.place is not None and move.place.doctor_id == move.appointment.doctor_id


def make(ids: list[UUID], strategy: Strategy, chosen: Mapping[str, str]) -> Sheet:
    """A new plan for appointments, with what is chosen already for some of them."""
    made = affected_plans.make(db.session(), auth.actor(), ids, strategy, now=clock.now())
    rows = [_row(made, move, chosen.get(str(move.appointment.id))) for move in made.moves]
    causes = {cause for row in rows if (cause := row.move.appointment.affected_cause)}
    because = formats.cause_name(causes.pop()) if len(causes) == 1 else ""
    return Sheet(made, rows, new_id(), because.capitalize())


def again(form: MultiDict[str, str], mistake: str, *, most: int) -> Sheet:
    """The plan of a form that was sent with a mistake: what was chosen, shown and typed stays as it was."""
    chosen = {key: form.get(f"to-{key}", "") for key in form.getlist("step")}
    ids = [UUID(key) for key in chosen if asked.key({"id": key}, "id")]
    strategy = asked.choice(Strategy, form.get("strategy", "")) or Strategy.SAME_DOCTOR_ELSE_COLLEAGUE
    sheet = make(ids[:most], strategy, chosen)
    versions = {row.move.appointment.id: asked.number(form, f"version-{row.move.appointment.id}") for row in sheet.rows}
    rows = [replace(row, version=versions[row.move.appointment.id] or row.version) for row in sheet.rows]
    batch_id = asked.key(form, "batch") or sheet.batch_id
    return replace(sheet, rows=rows, batch_id=batch_id, reason=form.get("reason", ""), mistake=mistake)


def _row(plan: Plan, move: PlannedMove, chosen: str | None) -> Row:
    offered = ([move.place] if move.place else []) + move.others
    places = [(value_of(place), _words_of(place)) for place in offered]
    default = places[0][0] if move.place else LEAVE
    row = Row(move, places, default, move.appointment.version)
    allowed = {value for value, _words in [*places, *row.otherwise]}
    if chosen and chosen not in allowed:
        places = _with_chosen(plan, chosen) + places
        allowed |= {value for value, _words in places}
    return replace(row, places=places, chosen=chosen if chosen and chosen in allowed else default)


def _with_chosen(plan: Plan, value: str) -> list[tuple[str, str]]:
    """The place that was chosen, which is not among the nearest any more; nothing where it can be none."""
    doctor_id, day, at = place_of(value)
    if doctor_id is None or doctor_id not in plan.doctors or day is None or at is None:
        return []
    words = {"day": language.short_date(day), "time": formats.clock_time(at), "doctor": plan.doctors[doctor_id]}
    if (doctor_id, day, at) in plan.free:
        return [(value, gettext("%(day)s %(time)s, %(doctor)s", **words))]
    return [(value, gettext("%(day)s %(time)s, %(doctor)s (not free any more)", **words))]


def value_of(place: OfferedPlace) -> str:
    """A place as the value of a choice."""
    return f"{place.doctor_id}/{place.date}/{place.start_time:%H:%M}"


def place_of(value: str) -> tuple[UUID | None, dt.date | None, dt.time | None]:
    """The doctor, day and time of a choice, as far as it names them."""
    doctor, _first, rest = value.partition("/")
    day, _second, at = rest.partition("/")
    return asked.key({"id": doctor}, "id"), asked.day({"day": day}, "day"), asked.clock_time(at)


def _words_of(place: OfferedPlace) -> str:
    day, at = language.short_date(place.date), formats.clock_time(place.start_time)
    if place.is_soon:
        return gettext("%(day)s %(time)s, %(doctor)s (soon: phone)", day=day, time=at, doctor=place.doctor_name)
    return gettext("%(day)s %(time)s, %(doctor)s", day=day, time=at, doctor=place.doctor_name)
