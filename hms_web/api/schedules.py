"""`/doctors/<id>/schedules`: a doctor's weekly hours."""

from uuid import UUID

from hms_web.api.appointments import AffectedAppointment
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, LocalTime, Shape, ShownBody
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.services import schedules

routes = Routes("schedules")


class Hours(Shape):
    """One weekday's hours and break."""

    day_of_week: DayOfWeek
    start_time: LocalTime
    end_time: LocalTime
    break_start: LocalTime | None
    break_end: LocalTime | None
    is_active: bool


class NewHours(Body):
    """One weekday's hours; a break has a start and an end."""

    day_of_week: DayOfWeek
    start_time: LocalTime
    end_time: LocalTime
    break_start: LocalTime | None = None
    break_end: LocalTime | None = None
    is_active: bool = True


class Week(ShownBody):
    """All the hours of a week; at most one entry a day."""

    schedules: list[NewHours]


class Replaced(Shape):
    """The hours, the open slots that went and came, and the appointments that no longer fit."""

    schedules: list[Hours]
    slots_removed: int
    slots_created: int
    affected_appointments: list[AffectedAppointment]


class DayForeseen(Shape):
    """The local starts of the slots that one weekday's hours give."""

    day_of_week: DayOfWeek
    slots: list[LocalTime]


class WeekPreview(Shape):
    """The slots that hours would give, and the appointments that would no longer fit."""

    days: list[DayForeseen]
    affected_appointments: list[AffectedAppointment]


@routes.add(
    "POST",
    "/doctors/<doctor_id>/schedules/preview",
    [Role.ADMIN, Role.DOCTOR],
    "See what other weekly hours would do",
    refuses=[Code.FORBIDDEN],
)
def preview(call: Call, doctor_id: UUID, body: Week) -> WeekPreview:
    """Changes nothing."""
    week = [DayHours(**dict(hours)) for hours in body.schedules]
    foreseen = schedules.preview(call.session, call.actor, doctor_id, week, now=call.now)
    return WeekPreview(
        days=[DayForeseen(day_of_week=day.hours.day_of_week, slots=list(day.times)) for day in foreseen.days],
        affected_appointments=[
            AffectedAppointment.because(view, AffectedCause.SCHEDULE_CHANGE) for view in foreseen.affected
        ],
    )


@routes.add(
    "PUT",
    "/doctors/<doctor_id>/schedules",
    [Role.ADMIN, Role.DOCTOR],
    "Replace a doctor's weekly hours",
    refuses=[Code.FORBIDDEN, Code.MORE_CONCERNED],
)
def replace(call: Call, doctor_id: UUID, body: Week) -> Replaced:
    """What is booked stays. A doctor may change their own only."""
    week = [DayHours(**dict(hours)) for hours in body.schedules]
    done = schedules.replace(call.session, call.actor, doctor_id, week, now=call.now, shown=body.shown())
    return Replaced(
        schedules=[Hours.model_validate(hours) for hours in done.schedules],
        slots_removed=done.slots_removed,
        slots_created=done.slots_created,
        affected_appointments=[
            AffectedAppointment.because(view, AffectedCause.SCHEDULE_CHANGE) for view in done.affected
        ],
    )
