"""One absence of a doctor: changing, extending and cancelling it, each with what it would do before it is done."""

from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.absences import AbsenceStatus
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import absences
from hms_web.services.absences import AbsenceEffect, AbsenceView
from hms_web.services.doctors import DoctorView
from hms_web.web import auth, refusals, shown
from hms_web.web.absence_forms import AbsenceForm
from hms_web.web.absences import blueprint, say
from hms_web.web.language import gettext
from hms_web.web.schedules import managed


@blueprint.get("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def page(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """The absence, in the form with which it is changed."""
    doctor, absence = managed(doctor_id), _absence(doctor_id, absence_id)
    return _shown(doctor, absence, AbsenceForm.of(absence))


@blueprint.post("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/preview")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def preview_change(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """What the change in the form would close, open and cancel."""
    managed(doctor_id)
    absence, form = _absence(doctor_id, absence_id), AbsenceForm()
    effect = _foretell(absence, form) if form.validate() else None
    return render_template("absences/_preview.html", **form.parts(effect), tells=True, absence=absence)


@blueprint.post("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def change(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """Save the change, once those whom it concerns have been shown."""
    doctor, absence, form = managed(doctor_id), _absence(doctor_id, absence_id), AbsenceForm()
    effect = _foretell(absence, form) if form.validate() else None
    if effect is None:
        return _shown(doctor, absence, form, status=422)
    session, actor, now = db.session(), auth.actor(), clock.now()
    try:
        done = absences.change(session, actor, doctor_id, absence_id, form.change, now=now, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _shown(doctor, absence, form, _foretell(absence, form), status=409)
        form.note(error)
        return _shown(doctor, absence, form, status=refusals.status(error.refusal))
    flash(gettext("Changed."), "good")
    say(done, doctor_id)
    return redirect(url_for("absences.index", doctor_id=doctor_id, month=f"{form.wanted.start_date:%Y-%m}"), 303)


@blueprint.get("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/cancel")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def ask_to_cancel(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """What opens again and who leaves the affected list, before it is done."""
    doctor, absence = managed(doctor_id), _absence(doctor_id, absence_id)
    if absence.status is AbsenceStatus.CANCELLED:
        return redirect(url_for("absences.page", doctor_id=doctor_id, absence_id=absence_id), 303)
    return _ask(doctor, absence, _foretell_cancelling(absence))


@blueprint.post("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/cancel")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def cancel(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """Cancel it, once those who leave the affected list have been shown: its time opens again."""
    doctor, absence = managed(doctor_id), _absence(doctor_id, absence_id)
    try:
        absences.cancel(db.session(), auth.actor(), doctor_id, absence_id, now=clock.now(), shown=shown.sent())
    except Refused as error:
        if error.refusal.code is not Code.MORE_CONCERNED:
            raise
        return _ask(doctor, absence, _foretell_cancelling(absence), 409)
    flash(gettext("Cancelled. The time can be booked again."), "good")
    return redirect(url_for("absences.index", doctor_id=doctor_id, month=f"{absence.start_date:%Y-%m}"), 303)


def _absence(doctor_id: UUID, absence_id: UUID) -> AbsenceView:
    return absences.get(db.session(), auth.actor(), doctor_id, absence_id)


def _foretell(absence: AbsenceView, form: AbsenceForm) -> AbsenceEffect | None:
    """What the change would do; None, with the mistakes noted in the form, when it would be refused."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    try:
        return absences.preview_change(session, actor, absence.doctor_id, absence.id, form.change, now=now)
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        if error.refusal.code is Code.ABSENCE_NOT_FOUND:
            form.refuse(gettext("This leave was cancelled meanwhile. Enter it again if it is wanted after all."))
        else:
            form.note(error)
    return None


def _foretell_cancelling(absence: AbsenceView) -> AbsenceEffect:
    return absences.preview_cancel(db.session(), auth.actor(), absence.doctor_id, absence.id, now=clock.now())


def _shown(
    doctor: DoctorView,
    absence: AbsenceView,
    form: AbsenceForm,
    effect: AbsenceEffect | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    answer = render_template(
        "absences/page.html",
        doctor=doctor,
        absence=absence,
        today=clock.today(auth.actor().zone),
        tells=False,
        asks=status == 409,  # noqa: PLR2004
        **form.parts(effect),
    )
    return make_response(answer, status)


def _ask(doctor: DoctorView, absence: AbsenceView, effect: AbsenceEffect, status: int = 200) -> ResponseReturnValue:
    answer = render_template(
        "absences/cancel.html",
        doctor=doctor,
        absence=absence,
        effect=effect,
        slots=sum(day.count for day in effect.opens),
        fingerprint=shown.fingerprint(effect.concerned),
        news=shown.new_among(effect.concerned),
        is_changed=status == 409,  # noqa: PLR2004
    )
    return make_response(answer, status)
