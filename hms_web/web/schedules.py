"""`/doctors/<id>/schedule`: a doctor's weekly hours, with what they give before they are saved."""

from datetime import time
from uuid import UUID

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import appointments, doctors, schedules
from hms_web.services.doctors import DoctorView
from hms_web.services.schedules import SchedulePreview
from hms_web.web import auth, shown
from hms_web.web.language import gettext, ngettext
from hms_web.web.weeks import DAYS, PARTS, Week

blueprint = Blueprint("schedules", __name__)


def managed(doctor_id: UUID) -> DoctorView:
    """The doctor whose time the person may see to: an administrator anyone's, a doctor their own."""
    doctor = doctors.get(db.session(), auth.actor(), doctor_id)
    if not auth.actor().may_manage_doctor(doctor_id):
        abort(403)
    return doctor


@blueprint.get("/doctors/<uuid:doctor_id>/schedule")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def page(doctor_id: UUID) -> ResponseReturnValue:
    """The hours as they are."""
    doctor = managed(doctor_id)
    return _shown(doctor, Week.of(doctor.schedules), is_stored=True)


@blueprint.post("/doctors/<uuid:doctor_id>/schedule/preview")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def preview(doctor_id: UUID) -> ResponseReturnValue:
    """What the hours in the form would give: slots a day, and who would no longer fit."""
    doctor, week = managed(doctor_id), Week.read(request.form)
    foretold = _foretell(doctor, week)
    return render_template("schedules/_preview.html", doctor=doctor, **_effect(week, foretold))


@blueprint.post("/doctors/<uuid:doctor_id>/schedule")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def save(doctor_id: UUID) -> ResponseReturnValue:
    """Save the hours, once those who would no longer fit have been shown."""
    doctor, week = managed(doctor_id), Week.read(request.form)
    foretold = _foretell(doctor, week)
    if foretold is None:
        return _shown(doctor, week, status=422)
    session, actor, now = db.session(), auth.actor(), clock.now()
    try:
        saved = schedules.replace(session, actor, doctor_id, week.hours, now=now, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is not Code.MORE_CONCERNED:
            raise
        return _shown(doctor, week, _foretell(doctor, week), status=409)
    removed = ngettext("%(num)d free slot removed", "%(num)d free slots removed", saved.slots_removed)
    created = ngettext("%(num)d slot made", "%(num)d slots made", saved.slots_created)
    flash(gettext("Saved: %(removed)s, %(created)s.", removed=removed, created=created), "good")
    shown.say_affected(len(saved.affected), doctor_id)
    return redirect(url_for("schedules.page", doctor_id=doctor_id), 303)


def _foretell(doctor: DoctorView, week: Week) -> SchedulePreview | None:
    """What the week would do; None, with the mistakes noted in it, when something is wrong."""
    if week.mistakes:
        return None
    try:
        return schedules.preview(db.session(), auth.actor(), doctor.id, week.hours, now=clock.now())
    except InvalidInput as error:
        week.take(error)
        return None


def alike(foretold: SchedulePreview) -> list[tuple[str, tuple[time, ...]]]:
    """The times of the slots that a week gives; days with the same times stand together."""
    groups: dict[tuple[time, ...], list[str]] = {}
    for day in foretold.days:
        if day.times:
            groups.setdefault(day.times, []).append(str(DAYS[day.hours.day_of_week]))
    return [(", ".join(names), times) for times, names in groups.items()]


def _effect(week: Week, foretold: SchedulePreview | None) -> dict[str, object]:
    slots = {day.hours.day_of_week: day.slots for day in foretold.days if day.hours.is_active} if foretold else {}
    affected = foretold.affected if foretold else []
    return {
        "week": week,
        "slots": slots,
        "total": sum(slots.values()),
        "groups": alike(foretold) if foretold else [],
        "is_known": foretold is not None,
        "affected": affected,
        "fingerprint": shown.fingerprint(foretold.concerned if foretold else ()),
        "news": shown.new_among(foretold.concerned if foretold else ()),
    }


def _shown(
    doctor: DoctorView,
    week: Week,
    foretold: SchedulePreview | None = None,
    status: int = 200,
    *,
    is_stored: bool = False,
) -> ResponseReturnValue:
    # Whom hours that are in force concern stands in the list of those who need another time, not in what saving does.
    if foretold is None:
        foretold = _foretell(doctor, week)
    needing = appointments.affected(db.session(), auth.actor(), doctor_id=doctor.id)
    answer = render_template(
        "schedules/page.html",
        doctor=doctor,
        parts=PARTS,
        needing=len(needing),
        is_stored=is_stored,
        asks=status == 409,  # noqa: PLR2004
        **_effect(week, foretold),
    )
    return make_response(answer, status)
