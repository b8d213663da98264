"""`/doctors/<id>/absences`: a doctor's leave, with a preview of what it does."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import Field

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import AffectedAppointment, Appointment, refuse_backward
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import (
    Id,
    LocalDate,
    LocalTime,
    PageOf,
    PageQuery,
    Shape,
    ShownBody,
    Text,
    given,
    left_out,
    page,
)
from hms_web.domain.absence_slots import TouchedDay
from hms_web.domain.absences import AbsenceStatus, AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.services import absences, doctors

routes = Routes("absences")
KEEPERS = [Role.ADMIN, Role.DOCTOR]
OF_DOCTOR = "/doctors/<doctor_id>/absences"
ONE = "/doctors/<doctor_id>/absences/<absence_id>"


class Absence(Shape):
    """A doctor's time away: whole local days, or hours of one."""

    id: Id
    doctor_id: Id
    absence_type: AbsenceType
    start_date: LocalDate
    end_date: LocalDate
    is_full_day: bool
    start_time: LocalTime | None
    end_time: LocalTime | None
    reason: str | None
    status: AbsenceStatus

    @classmethod
    def of(cls, view: absences.AbsenceView) -> "Absence":
        """Make it from a service's view."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class Foreseen(Shape):
    """What an absence does to appointments; `warningCount` of them are left for people to see to."""

    affected_appointments: list[AffectedAppointment]
    warning_count: int
    cancelled_appointments: int
    notified_patients: int

    @classmethod
    def of(cls, effect: absences.AbsenceEffect) -> "Foreseen":
        """Make it from what a service says."""
        return cls(
            affected_appointments=[
                AffectedAppointment.because(view, AffectedCause.ABSENCE) for view in effect.affected
            ],
            warning_count=effect.warning_count,
            cancelled_appointments=effect.cancelled_appointments,
            notified_patients=effect.notified_patients,
        )


class BlockedDay(Shape):
    """The slots of a day that an absence closes, or one that goes opens, by their starts: free ones and booked ones."""

    date: LocalDate
    free: list[LocalTime]
    booked: list[LocalTime]

    @classmethod
    def each(cls, days: Iterable[TouchedDay]) -> list["BlockedDay"]:
        """Make them from what a service says."""
        return [cls(date=day.day, free=list(day.free), booked=list(day.booked)) for day in days]


class AbsencePreview(Foreseen):
    """What creating an absence would do, the slots that it closes included; only the booking window has slots."""

    slots_blocked: int
    blocked_slots: list[BlockedDay]

    @classmethod
    def of(cls, effect: absences.AbsenceEffect) -> "AbsencePreview":
        """Make it from what a service foretells."""
        return cls(
            **dict(Foreseen.of(effect)),
            slots_blocked=sum(day.count for day in effect.closes),
            blocked_slots=BlockedDay.each(effect.closes),
        )


class Opening(Shape):
    """What becomes of time that an absence leaves: slots that open, and appointments that nothing speaks against."""

    slots_opened: int
    opened_slots: list[BlockedDay]
    no_longer_affected: list[Appointment]

    @classmethod
    def of(cls, effect: absences.AbsenceEffect) -> "Opening":
        """Make it from what a service foretells."""
        return cls(
            slots_opened=sum(day.count for day in effect.opens),
            opened_slots=BlockedDay.each(effect.opens),
            no_longer_affected=[Appointment.of(view) for view in effect.settled],
        )


class AbsenceChangePreview(AbsencePreview):
    """What changing an absence would do: to time that it takes, and to time that it leaves."""

    opening: Opening

    @classmethod
    def of(cls, effect: absences.AbsenceEffect) -> "AbsenceChangePreview":
        """Make it from what a service foretells."""
        return cls(**dict(AbsencePreview.of(effect)), opening=Opening.of(effect))


class AbsenceEntered(Foreseen):
    """An absence, and what it did to appointments."""

    absence: Absence

    @classmethod
    def of(cls, effect: absences.AbsenceEffect) -> "AbsenceEntered":
        """Make it from what a service did."""
        assert effect.absence is not None  # noqa: S101 only a preview has none
        return cls(**dict(Foreseen.of(effect)), absence=Absence.of(effect.absence))


class NewAbsence(ShownBody):
    """An absence that is asked for; one for part of a day is on one date and has hours."""

    absence_type: AbsenceType
    start_date: LocalDate
    end_date: LocalDate
    is_full_day: bool = True
    start_time: LocalTime | None = None
    end_time: LocalTime | None = None
    reason: Text | None = None


class AbsenceChange(ShownBody):
    """What to change of an absence."""

    absence_type: AbsenceType = left_out()
    start_date: LocalDate = left_out()
    end_date: LocalDate = left_out()
    is_full_day: bool = left_out()
    start_time: LocalTime | None = left_out()
    end_time: LocalTime | None = left_out()
    reason: Text | None = left_out()


class AbsenceCancellation(ShownBody):
    """Who was shown to stand again."""


class AbsenceQuery(PageQuery):
    """Which absences: those that touch the days `from` one `to` another, of a status."""

    first: LocalDate | None = Field(default=None, alias="from")
    last: LocalDate | None = Field(default=None, alias="to")
    status: AbsenceStatus | None = None


@routes.add("GET", OF_DOCTOR, EVERYONE, "List a doctor's absences")
def list_absences(call: Call, doctor_id: UUID, query: AbsenceQuery) -> PageOf[Absence]:
    """Earliest first, cancelled ones too."""
    refuse_backward(query.first, query.last)
    doctors.get(call.session, call.actor, doctor_id)
    found = absences.list_absences(call.session, call.actor, doctor_id, **dict(query))
    return page(Absence, found)  # type: ignore[no-any-return]


@routes.add(
    "POST",
    OF_DOCTOR,
    KEEPERS,
    "Enter an absence",
    status=201,
    refuses=[Code.FORBIDDEN, Code.ABSENCE_OVERLAP, Code.MORE_CONCERNED],
    creates=True,
)
def create(call: Call, doctor_id: UUID, body: NewAbsence) -> AbsenceEntered:
    """EMERGENCY cancels the upcoming appointments in its time; any other leaves them, marked as affected."""
    wanted = absences.NewAbsence(**body.wanted())
    done = absences.create(call.session, call.actor, doctor_id, wanted, now=call.now, shown=body.shown())
    return AbsenceEntered.of(done)


@routes.add(
    "POST",
    f"{OF_DOCTOR}/preview",
    KEEPERS,
    "See what an absence would do",
    refuses=[Code.FORBIDDEN, Code.ABSENCE_OVERLAP],
)
def preview(call: Call, doctor_id: UUID, body: NewAbsence) -> AbsencePreview:
    """Changes nothing."""
    wanted = absences.NewAbsence(**body.wanted())
    return AbsencePreview.of(absences.preview(call.session, call.actor, doctor_id, wanted, now=call.now))


@routes.add(
    "PATCH",
    ONE,
    KEEPERS,
    "Change an absence",
    refuses=[Code.FORBIDDEN, Code.ABSENCE_OVERLAP, Code.MORE_CONCERNED],
)
def change(call: Call, doctor_id: UUID, absence_id: UUID, body: AbsenceChange) -> AbsenceEntered:
    """Only added time affects appointments; those in time that it leaves no more. A cancelled one is gone."""
    wanted = absences.AbsenceChange(**given(body))
    done = absences.change(call.session, call.actor, doctor_id, absence_id, wanted, now=call.now, shown=body.shown())
    return AbsenceEntered.of(done)


@routes.add(
    "POST",
    f"{ONE}/preview",
    KEEPERS,
    "See what changing an absence would do",
    refuses=[Code.FORBIDDEN, Code.ABSENCE_OVERLAP],
)
def preview_change(call: Call, doctor_id: UUID, absence_id: UUID, body: AbsenceChange) -> AbsenceChangePreview:
    """Changes nothing. Only added time affects appointments; EMERGENCY, where it is new, all that stand in its time."""
    wanted = absences.AbsenceChange(**given(body))
    foreseen = absences.preview_change(call.session, call.actor, doctor_id, absence_id, wanted, now=call.now)
    return AbsenceChangePreview.of(foreseen)


@routes.add(
    "POST",
    f"{ONE}/cancel",
    KEEPERS,
    "Cancel an absence whose effect was shown",
    refuses=[Code.FORBIDDEN, Code.MORE_CONCERNED],
)
def cancel_shown(call: Call, doctor_id: UUID, absence_id: UUID, body: AbsenceCancellation) -> Absence:
    """Like DELETE, but refused when others stand again than were shown."""
    done = absences.cancel(call.session, call.actor, doctor_id, absence_id, now=call.now, shown=body.shown())
    return Absence.of(done)


@routes.add("POST", f"{ONE}/cancel/preview", KEEPERS, "See what cancelling would do", refuses=[Code.FORBIDDEN])
def preview_cancel(call: Call, doctor_id: UUID, absence_id: UUID) -> Opening:
    """Changes nothing. One that is cancelled already is gone."""
    return Opening.of(absences.preview_cancel(call.session, call.actor, doctor_id, absence_id, now=call.now))


@routes.add("DELETE", ONE, KEEPERS, "Cancel an absence", status=204, refuses=[Code.FORBIDDEN])
def cancel(call: Call, doctor_id: UUID, absence_id: UUID) -> None:
    """Its time opens again; twice is harmless."""
    absences.cancel(call.session, call.actor, doctor_id, absence_id, now=call.now)
