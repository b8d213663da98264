"""`/doctors/<id>/absences`: a doctor's month and leave, and asking for more with whom it concerns."""

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import absences
from hms_web.services.absences import AbsenceEffect
from hms_web.services.doctors import DoctorView
from hms_web.web import absence_month, asked, auth, htmx, language, refusals, shown
from hms_web.web.absence_forms import AbsenceForm
from hms_web.web.absence_month import Month, Picked
from hms_web.web.language import gettext, ngettext
from hms_web.web.schedules import managed

blueprint = Blueprint("absences", __name__)

ROWS = 50


@blueprint.get("/doctors/<uuid:doctor_id>/absences")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def index(doctor_id: UUID) -> ResponseReturnValue:
    """A month of the doctor, the leave from today on (or all of it), and the form for more.

    Days that the address has picked stand in the form, and what leave on them would do stands under it.
    """
    doctor, picked = managed(doctor_id), _picked()
    if htmx.wants_fragment() and htmx.target() == "month":
        month = _month(doctor, picked)
        fragment = render_template("absences/_month.html", doctor=doctor, **_calendar(month, picked))
        return htmx.trigger(fragment, {"announce": {"value": month.name}})
    form = AbsenceForm.on(picked.first, picked.last)
    effect = _foretell(doctor, form) if picked.first else None
    return _shown(doctor, form, effect)


@blueprint.post("/doctors/<uuid:doctor_id>/absences/preview")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def preview(doctor_id: UUID) -> ResponseReturnValue:
    """What the absence in the form would close, and whom it concerns; nothing while it is not complete."""
    doctor, form = managed(doctor_id), AbsenceForm()
    effect = _foretell(doctor, form) if form.validate() else None
    return render_template("absences/_preview.html", **form.parts(effect), tells=bool(form.start_date.data))


@blueprint.post("/doctors/<uuid:doctor_id>/absences")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def create(doctor_id: UUID) -> ResponseReturnValue:
    """Enter the absence, once those whom it concerns have been shown."""
    doctor, form = managed(doctor_id), AbsenceForm()
    effect = _foretell(doctor, form) if form.validate() else None
    if effect is None:
        return _shown(doctor, form, status=422)
    session, actor, now = db.session(), auth.actor(), clock.now()
    try:
        done = absences.create(session, actor, doctor_id, form.wanted, now=now, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _shown(doctor, form, _foretell(doctor, form), status=409)
        form.note(error)
        return _shown(doctor, form, status=refusals.status(error.refusal))
    flash(gettext("Entered."), "good")
    say(done, doctor_id)
    return redirect(url_for("absences.index", doctor_id=doctor_id, month=f"{form.wanted.start_date:%Y-%m}"), 303)


def say(done: AbsenceEffect, doctor_id: UUID) -> None:
    """Say what was done to appointments, with the way to those that are left."""
    if done.cancelled_appointments:
        cancelled = ngettext(
            "%(num)d appointment cancelled.", "%(num)d appointments cancelled.", done.cancelled_appointments
        )
        flash(cancelled, "warn")
    if done.warning_count:
        words = ngettext(
            "%(num)d appointment needs seeing to.", "%(num)d appointments need seeing to.", done.warning_count
        )
        listed = url_for("affected.index", doctor=doctor_id)
        shown.say_with_way(words, listed)


def _foretell(doctor: DoctorView, form: AbsenceForm) -> AbsenceEffect | None:
    """What the absence would do; None, with the mistakes noted in the form, when it would be refused."""
    try:
        return absences.preview(db.session(), auth.actor(), doctor.id, form.wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        form.note(error)
    return None


def _picked() -> Picked:
    return Picked.read(request.args, clock.today(auth.actor().zone))


def _month(doctor: DoctorView, picked: Picked) -> Month:
    return absence_month.month(db.session(), auth.actor(), doctor.id, picked, now=clock.now())


def _calendar(month: Month, picked: Picked) -> dict[str, object]:
    heads = [language.weekday_names(cell.day) for cell in _whole_week(month)]
    return {"month": month, "picked": picked, "heads": heads}


def _whole_week(month: Month) -> list[absence_month.Cell]:
    return [cell for cell in month.weeks[1] if cell is not None]


def _shown(
    doctor: DoctorView, form: AbsenceForm, effect: AbsenceEffect | None = None, status: int = 200
) -> ResponseReturnValue:
    actor, today, picked = auth.actor(), clock.today(auth.actor().zone), _picked()
    is_all, cursor = bool(asked.text(request.args, "all")), asked.text(request.args, "cursor")
    page = absences.list_absences(
        db.session(), actor, doctor.id, first=None if is_all else today, limit=ROWS, cursor=cursor
    )
    if request.method == "POST" and form.start_date.data:
        picked = Picked(form.start_date.data.replace(day=1), form.start_date.data, form.end_date.data)
    answer = render_template(
        "absences/index.html",
        doctor=doctor,
        page=page,
        is_all=is_all,
        cursor=cursor,
        today=today,
        tells=bool(picked.first) and request.method == "GET",
        asks=status == 409,  # noqa: PLR2004
        **_calendar(_month(doctor, picked), picked),
        **form.parts(effect),
    )
    return make_response(answer, status)
