"""`/holidays`: days on which the whole hospital is closed."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import AffectedAppointment
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, LocalDate, PageOf, PageQuery, Shape, Text, given, left_out, page
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.services import holidays

routes = Routes("holidays")
ADMINS = [Role.ADMIN]


class Holiday(Shape):
    """A closed day; a recurring one closes the same month and day of every year."""

    id: Id
    name: str
    date: LocalDate
    is_recurring: bool
    is_active: bool
    description: str | None

    @classmethod
    def of(cls, view: holidays.HolidayView) -> "Holiday":
        """Make it from a service's view."""
        return cls.model_validate(view)


class HolidayEntered(Shape):
    """A holiday, and the appointments that newly lie on it."""

    holiday: Holiday
    affected_appointments: list[AffectedAppointment]

    @classmethod
    def of(cls, effect: holidays.HolidayEffect) -> "HolidayEntered":
        """Make it from what a service did."""
        affected = [AffectedAppointment.because(view, AffectedCause.HOLIDAY) for view in effect.affected]
        return cls(holiday=Holiday.of(effect.holiday), affected_appointments=affected)


class NewHoliday(Body):
    """A holiday to be added."""

    name: Text
    date: LocalDate
    is_recurring: bool = False
    description: Text | None = None


class HolidayChange(Body):
    """What to change of a holiday."""

    name: Text = left_out()
    date: LocalDate = left_out()
    is_recurring: bool = left_out()
    is_active: bool = left_out()
    description: Text | None = left_out()


@routes.add("GET", "/holidays", EVERYONE, "List holidays")
def list_holidays(call: Call, query: PageQuery) -> PageOf[Holiday]:
    """By date, those that are not in force too."""
    found = holidays.list_holidays(call.session, call.actor, limit=query.limit, cursor=query.cursor)
    return page(Holiday, found)  # type: ignore[no-any-return]


@routes.add("POST", "/holidays", ADMINS, "Add a holiday", status=201, refuses=[Code.HOLIDAY_EXISTS], creates=True)
def create(call: Call, body: NewHoliday) -> HolidayEntered:
    """Appointments on it stay, marked as affected."""
    wanted = holidays.NewHoliday(**dict(body))
    return HolidayEntered.of(holidays.create(call.session, call.actor, wanted, now=call.now))


@routes.add("PATCH", "/holidays/<holiday_id>", ADMINS, "Change a holiday", refuses=[Code.HOLIDAY_EXISTS])
def change(call: Call, holiday_id: UUID, body: HolidayChange) -> HolidayEntered:
    """Appointments on days that close are affected, those on days that open no more."""
    wanted = holidays.HolidayChange(**given(body))
    return HolidayEntered.of(holidays.change(call.session, call.actor, holiday_id, wanted, now=call.now))


@routes.add("DELETE", "/holidays/<holiday_id>", ADMINS, "Delete a holiday", status=204)
def delete(call: Call, holiday_id: UUID) -> None:
    """Appointments on it are affected no more."""
    holidays.delete(call.session, call.actor, holiday_id, now=call.now)
