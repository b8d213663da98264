"""`/no-show`: who did not come, and undoing it."""

from uuid import UUID

from pydantic import Field

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import Appointment, refuse_backward
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, Instant, LocalDate, PageOf, PageQuery, Query, Shape, Text, page
from hms_web.domain.identity import Role
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.statistics import Share
from hms_web.services import no_show, no_show_logs, no_show_stats
from hms_web.services.appointments import AppointmentView
from hms_web.services.no_show_logs import LogView

routes = Routes("no_show")
READERS = [Role.ADMIN, Role.DOCTOR, Role.RECEPTIONIST]
UNDOERS = [Role.ADMIN, Role.RECEPTIONIST]


class NoShowLog(Shape):
    """An appointment that was missed. `slotTime` is its start; `notificationSent` that a message has left the house."""

    id: Id
    appointment_id: Id
    patient_id: Id
    doctor_id: Id
    reason: NoShowReason
    slot_time: Instant
    timeout_minutes: int
    slot_released: bool
    slot_released_at: Instant | None
    notification_sent: bool
    notes: str | None
    created_by: str | None
    created_at: Instant
    reverted_at: Instant | None

    @classmethod
    def of(cls, view: LogView) -> "NoShowLog":
        """Make it from a service's view."""
        return cls(**{name: getattr(view, name) for name in NoShowLog.model_fields})


class NoShowDone(NoShowLog):
    """A log that was just written or marked as reverted, with the appointment as it is now."""

    appointment: Appointment


class LogQuery(PageQuery):
    """Which logs: of slots `from` a day `to` another, whose, and how it was found out. A doctor sees their own."""

    first: LocalDate | None = Field(default=None, alias="from")
    last: LocalDate | None = Field(default=None, alias="to")
    doctor_id: Id | None = None
    patient_id: Id | None = None
    reason: NoShowReason | None = None


class StatsQuery(Query):
    """The days that the figures are about."""

    first: LocalDate | None = Field(default=None, alias="from")
    last: LocalDate | None = Field(default=None, alias="to")


class Figures(Shape):
    """How many did not come, how many came, and the share that did not, from 0 to 1."""

    no_shows: int
    came: int
    rate: float

    @classmethod
    def of(cls, share: Share) -> "Figures":
        """Make it from a service's share."""
        return cls(no_shows=share.missed, came=share.came, rate=round(share.rate, 4))


class DoctorFigures(Figures):
    """The figures of a doctor."""

    doctor_id: Id
    doctor_name: str


class WeekdayFigures(Figures):
    """The figures of a weekday."""

    day_of_week: DayOfWeek


class HourFigures(Figures):
    """The figures of the appointments that begin in an hour of the day, 0 to 23."""

    hour: int


class Stats(Shape):
    """How many patients did not come. `blockedPatients` are blocked now; the rest is about the days asked for."""

    totals: Figures
    rate: float
    by_doctor: list[DoctorFigures]
    by_weekday: list[WeekdayFigures]
    by_hour: list[HourFigures]
    blocked_patients: int
    slots_released: int
    slots_rebooked: int

    @classmethod
    def of(cls, found: no_show_stats.Stats) -> "Stats":
        """Make it from a service's figures."""
        totals = Figures.of(found.total)
        return cls(
            totals=totals,
            rate=totals.rate,
            by_doctor=[
                DoctorFigures(**dict(Figures.of(one.share)), doctor_id=one.doctor_id, doctor_name=one.doctor_name)
                for one in found.by_doctor
            ],
            by_weekday=[WeekdayFigures(**dict(Figures.of(share)), day_of_week=day) for day, share in found.by_weekday],
            by_hour=[HourFigures(**dict(Figures.of(share)), hour=hour) for hour, share in found.by_hour],
            blocked_patients=found.after.blocked_patients,
            slots_released=found.after.slots_released,
            slots_rebooked=found.after.slots_rebooked,
        )


class NewNoShow(Body):
    """Who found out, and what is to be said about it."""

    reason: NoShowReason
    notes: Text | None = None


class Reversal(Body):
    """Why a no-show is taken back."""

    note: Text


@routes.add("GET", "/no-show/logs", READERS, "List no-shows", refuses=[Code.FORBIDDEN])
def logs(call: Call, query: LogQuery) -> PageOf[NoShowLog]:
    """The latest first, reverted ones too."""
    refuse_backward(query.first, query.last)
    asked = dict(query)
    how = {name: asked.pop(name) for name in ("limit", "cursor")}
    found = no_show_logs.search(call.session, call.actor, no_show_logs.LogFilter(**asked), **how)
    return page(NoShowLog, found)  # type: ignore[no-any-return]


@routes.add("GET", "/no-show/stats", [Role.ADMIN, Role.DOCTOR], "Read the figures of no-shows")
def stats(call: Call, query: StatsQuery) -> Stats:
    """A doctor's are about their own appointments."""
    refuse_backward(query.first, query.last)
    return Stats.of(no_show_stats.stats(call.session, call.actor, first=query.first, last=query.last))


@routes.add(
    "POST",
    "/no-show/<appointment_id>",
    EVERYONE,
    "Note that a patient did not come",
    refuses=[Code.INVALID_TRANSITION, Code.HOSPITALS_DOING],
    creates=True,
)
def mark(call: Call, appointment_id: UUID, body: NewNoShow) -> NoShowDone | Refusal:
    """MANUAL_STAFF, MANUAL_DOCTOR or PATIENT_CALLED. Twice is refused and counts once."""
    done = no_show.mark(call.session, call.actor, appointment_id, reason=body.reason, notes=body.notes, now=call.now)
    return done if isinstance(done, Refusal) else _answer(call, done)


@routes.add(
    "POST",
    "/no-show/<appointment_id>/revert",
    UNDOERS,
    "Take a no-show back",
    refuses=[
        Code.INVALID_TRANSITION,
        Code.SLOT_TAKEN,
        Code.PATIENT_DOUBLE_BOOKED,
        Code.SLOT_BLOCKED,
        Code.DOCTOR_FULLY_BOOKED,
    ],
)
def revert(call: Call, appointment_id: UUID, body: Reversal) -> NoShowDone | Refusal:
    """The patient is expected again, or, once the slot has begun, checked in."""
    done = no_show.revert(call.session, call.actor, appointment_id, note=body.note, now=call.now)
    return done if isinstance(done, Refusal) else _answer(call, done)


def _answer(call: Call, view: AppointmentView) -> NoShowDone:
    log = no_show_logs.of_appointment(call.session, call.actor, view.id)
    assert log is not None  # noqa: S101 what was marked or reverted has one
    return NoShowDone(**dict(NoShowLog.of(log)), appointment=Appointment.of(view))
