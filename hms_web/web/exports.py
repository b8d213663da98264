"""Appointments, patients, doctors, users and holidays as files, narrowed and sorted as their pages show them.

What is searched for among patients is a name, so those two are asked for by a POST and what was typed is written
nowhere. Who may take which list away: docs/decisions/0280.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.models import db
from hms_web.services import appointments, doctors, holidays, patient_lists, users
from hms_web.services.appointments import AppointmentView
from hms_web.services.doctors import DoctorView
from hms_web.services.paging import MAX_LIMIT, Page
from hms_web.services.patients import PatientView
from hms_web.web import asked, auth, csv_files, formats, sorting
from hms_web.web.appointments import Filters
from hms_web.web.language import gettext

blueprint = Blueprint("exports", __name__)
T = TypeVar("T")


def _every(page_after: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Walk through all pages of a list; only one of them is held at once."""
    cursor = None
    while True:
        page = page_after(cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _yes(*, is_so: bool) -> str:
    return gettext("yes") if is_so else gettext("no")


@blueprint.post("/appointments/export.csv")
@auth.roles()
def of_appointments() -> ResponseReturnValue:
    """The appointments that the filters let through."""
    session, actor = db.session(), auth.actor()
    wanted = Filters.read(request.form, clock.today(actor.zone))
    if wanted.who.is_open:
        abort(404)
    found = _every(
        lambda cursor: appointments.search(
            session, actor, wanted.wanted, limit=MAX_LIMIT, cursor=cursor, sort=wanted.sort
        )
    )
    names = (
        gettext("Appointment"),
        gettext("Token"),
        gettext("Patient"),
        gettext("Patient number"),
        gettext("Phone"),
        gettext("Doctor"),
        gettext("Department"),
        gettext("State"),
        gettext("What for"),
        gettext("Reason"),
    )
    named = {name: getattr(wanted, name) for name in ("first", "last", "department", "status")}
    return csv_files.answer("appointments", names, map(_appointment, found), doctor_id=wanted.who.id, **named)


def _appointment(view: AppointmentView) -> tuple[object, ...]:
    return (
        csv_files.local(view.starts_at),
        view.token_number,
        view.patient_name,
        view.patient_mrn,
        view.patient_phone,
        view.doctor_name,
        view.department,
        formats.status_name(view.status),
        formats.type_name(view.type),
        view.reason,
    )


@blueprint.post("/patients/export.csv")
@auth.roles(Role.ADMIN)
def of_patients() -> ResponseReturnValue:
    """The patients who are found, or all of them, or those who are blocked."""
    session, actor, q = db.session(), auth.actor(), asked.text(request.form, "q")
    sort, is_blocked = sorting.word(patient_lists.ORDERS, request.form), request.form.get("blocked") == "1"

    def page_after(cursor: str | None) -> Page[PatientView]:
        if q is None:
            return patient_lists.everybody(
                session, actor, limit=MAX_LIMIT, cursor=cursor, sort=sort, only_blocked=is_blocked
            )
        return patient_lists.search(session, actor, q, limit=MAX_LIMIT, cursor=cursor, only_blocked=is_blocked)

    names = (
        gettext("Name"),
        gettext("Number"),
        gettext("Phone"),
        gettext("E-mail"),
        gettext("Born"),
        gettext("No-shows"),
        gettext("Blocked"),
    )
    return csv_files.answer("patients", names, map(_patient, _every(page_after)))


def _patient(view: PatientView) -> tuple[object, ...]:
    blocked = _yes(is_so=view.blocked_at is not None)
    return view.name, view.mrn, view.phone, view.email, view.date_of_birth, view.no_show_count, blocked


@blueprint.get("/doctors/export.csv")
@auth.roles(Role.ADMIN)
def of_doctors() -> ResponseReturnValue:
    """The doctors whom the filters let through."""
    session, actor, sort = db.session(), auth.actor(), sorting.word(doctors.ORDERS, request.args)
    q, department = asked.text(request.args, "q"), asked.text(request.args, "department")
    found = _every(
        lambda cursor: doctors.list_doctors(
            session, actor, department=department, q=q, limit=MAX_LIMIT, cursor=cursor, sort=sort
        )
    )
    names = (
        gettext("Name"),
        gettext("E-mail"),
        gettext("Department"),
        gettext("Slot"),
        gettext("Most a day"),
        gettext("Takes appointments"),
        gettext("Active"),
    )
    return csv_files.answer("doctors", names, map(_doctor, found), department=department)


def _doctor(view: DoctorView) -> tuple[object, ...]:
    figures = view.slot_duration, view.max_patients_per_day
    return (
        view.name,
        view.email,
        view.department,
        *figures,
        _yes(is_so=view.is_available),
        _yes(is_so=view.is_active),
    )


@blueprint.get("/users/export.csv")
@auth.roles(Role.ADMIN)
def of_users() -> ResponseReturnValue:
    """The users who fit the words that were typed."""
    session, actor, sort = db.session(), auth.actor(), sorting.word(users.ORDERS, request.args)
    q = asked.text(request.args, "q")
    found = _every(lambda cursor: users.list_users(session, actor, q=q, limit=MAX_LIMIT, cursor=cursor, sort=sort))
    names = gettext("Name"), gettext("E-mail"), gettext("Role"), gettext("Active")
    rows = ((one.name, one.email, formats.role_name(one.role), _yes(is_so=one.is_active)) for one in found)
    return csv_files.answer("users", names, rows)


@blueprint.get("/holidays/export.csv")
@auth.roles(Role.ADMIN)
def of_holidays() -> ResponseReturnValue:
    """All holidays, those that are switched off too."""
    session, actor = db.session(), auth.actor()
    found = _every(lambda cursor: holidays.list_holidays(session, actor, limit=MAX_LIMIT, cursor=cursor))
    names = gettext("Day"), gettext("Name"), gettext("Every year"), gettext("In force"), gettext("Description")
    rows = (
        (one.date, one.name, _yes(is_so=one.is_recurring), _yes(is_so=one.is_active), one.description) for one in found
    )
    return csv_files.answer("holidays", names, rows)
