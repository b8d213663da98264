"""`/holidays`: days on which the whole hospital is closed."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import AffectedAppointment
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Id, LocalDate, PageOf, PageQuery, Shape, ShownBody, Text, given, left_out, page
from hms_web.domain.affected import AffectedCause
from hms_web.domain.holiday_import import ImportState
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.services import holiday_import, holidays

routes = Routes("holidays")
ADMINS = [Role.ADMIN]
REFUSED = [Code.HOLIDAY_EXISTS, Code.MORE_CONCERNED]


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


class NewHoliday(ShownBody):
    """A holiday to be added."""

    name: Text
    date: LocalDate
    is_recurring: bool = False
    description: Text | None = None


class HolidayPreview(Shape):
    """The appointments that would newly lie on a holiday."""

    affected_appointments: list[AffectedAppointment]


class HolidayChange(ShownBody):
    """What to change of a holiday."""

    name: Text = left_out()
    date: LocalDate = left_out()
    is_recurring: bool = left_out()
    is_active: bool = left_out()
    description: Text | None = left_out()


class HolidaySource(ShownBody):
    """A country by its two letters, perhaps the code of a part of it, and a year: this one or one of the next five."""

    country: Text
    subdivision: Text | None = None
    year: int


class LeftOut(Shape):
    """A public holiday that was not added: it is entered already, was switched off here, or is past."""

    name: str
    date: LocalDate
    state: ImportState


class HolidaysImported(Shape):
    """The holidays that were added, those left out, and the appointments that newly lie on one."""

    imported: list[Holiday]
    left_out: list[LeftOut]
    affected_appointments: list[AffectedAppointment]


@routes.add("GET", "/holidays", EVERYONE, "List holidays")
def list_holidays(call: Call, query: PageQuery) -> PageOf[Holiday]:
    """By date, those that are not in force too."""
    found = holidays.list_holidays(call.session, call.actor, limit=query.limit, cursor=query.cursor)
    return page(Holiday, found)  # type: ignore[no-any-return]


@routes.add(
    "POST",
    "/holidays",
    ADMINS,
    "Add a holiday",
    status=201,
    refuses=REFUSED,
    creates=True,
)
def create(call: Call, body: NewHoliday) -> HolidayEntered:
    """Appointments on it stay, marked as affected."""
    wanted = holidays.NewHoliday(**body.wanted())
    return HolidayEntered.of(holidays.create(call.session, call.actor, wanted, now=call.now, shown=body.shown()))


@routes.add("POST", "/holidays/preview", ADMINS, "See what adding a holiday would do", refuses=[Code.HOLIDAY_EXISTS])
def preview(call: Call, body: NewHoliday) -> HolidayPreview:
    """Changes nothing."""
    wanted = holidays.NewHoliday(**body.wanted())
    foreseen = holidays.preview(call.session, call.actor, wanted, now=call.now)
    affected = [AffectedAppointment.because(view, AffectedCause.HOLIDAY) for view in foreseen.affected]
    return HolidayPreview(affected_appointments=affected)


@routes.add(
    "POST",
    "/holidays/import",
    ADMINS,
    "Import a country's public holidays",
    refuses=[Code.MORE_CONCERNED],
    creates=True,
)
def take_over(call: Call, body: HolidaySource) -> HolidaysImported:
    """All of them in one transaction; twice changes nothing. Appointments on them stay, marked as affected."""
    source = holiday_import.Source(body.country, body.year, body.subdivision)
    done = holiday_import.run(call.session, call.actor, source, now=call.now, shown=body.shown())
    return HolidaysImported(
        imported=[Holiday.of(view) for view in done.added],
        left_out=[LeftOut(name=c.holiday.name, date=c.holiday.date, state=c.state) for c in done.left_out],
        affected_appointments=[AffectedAppointment.because(view, AffectedCause.HOLIDAY) for view in done.affected],
    )


@routes.add("PATCH", "/holidays/<holiday_id>", ADMINS, "Change a holiday", refuses=REFUSED)
def change(call: Call, holiday_id: UUID, body: HolidayChange) -> HolidayEntered:
    """Appointments on days that close are affected, those on days that open no more."""
    wanted = holidays.HolidayChange(**given(body))
    done = holidays.change(call.session, call.actor, holiday_id, wanted, now=call.now, shown=body.shown())
    return HolidayEntered.of(done)


@routes.add("DELETE", "/holidays/<holiday_id>", ADMINS, "Delete a holiday", status=204)
def delete(call: Call, holiday_id: UUID) -> None:
    """Appointments on it are affected no more."""
    holidays.delete(call.session, call.actor, holiday_id, now=call.now)
