"""`/doctors/<id>/absences`: a doctor's leave, with whom it concerns before it is entered."""

from datetime import date
from typing import cast
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from markupsafe import Markup
from wtforms import SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Optional

from hms_web import clock
from hms_web.domain.absences import AbsenceType
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import absences
from hms_web.services.absences import AbsenceEffect, NewAbsence
from hms_web.services.doctors import DoctorView
from hms_web.web import asked, auth, choices, refusals, shown
from hms_web.web.forms import DayField, Form
from hms_web.web.language import gettext, ngettext
from hms_web.web.schedules import managed

blueprint = Blueprint("absences", __name__)

ROWS = 50
TYPES = {
    AbsenceType.ANNUAL_LEAVE: lazy_gettext("Annual leave"),
    AbsenceType.SICK_LEAVE: lazy_gettext("Sick leave"),
    AbsenceType.CONFERENCE: lazy_gettext("Conference"),
    AbsenceType.TRAINING: lazy_gettext("Training"),
    AbsenceType.PERSONAL: lazy_gettext("Personal"),
    AbsenceType.EMERGENCY: lazy_gettext("Emergency: cancels appointments"),
    AbsenceType.OTHER: lazy_gettext("Other"),
}


class AbsenceForm(Form):
    """When and why a doctor is away; without hours, whole days."""

    absence_type = SelectField(lazy_gettext("Kind"), choices=choices.of(TYPES))
    start_date = DayField(lazy_gettext("First day"), [InputRequired(lazy_gettext("Enter the first day."))])
    end_date = DayField(lazy_gettext("Last day"), [Optional()])
    start_time = TimeField(lazy_gettext("From"), [Optional()])
    end_time = TimeField(lazy_gettext("Until"), [Optional()])
    reason = StringField(lazy_gettext("Reason"))

    @property
    def wanted(self) -> NewAbsence:
        """The absence; only of a form that is valid. Without a last day it is one day."""
        first = cast("date", self.start_date.data)
        return NewAbsence(
            absence_type=AbsenceType(self.absence_type.data),
            start_date=first,
            end_date=self.end_date.data or first,
            is_full_day=self.start_time.data is None and self.end_time.data is None,
            start_time=self.start_time.data,
            end_time=self.end_time.data,
            reason=self.reason.data or None,
        )


@blueprint.get("/doctors/<uuid:doctor_id>/absences")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def index(doctor_id: UUID) -> ResponseReturnValue:
    """The doctor's leave from today on, or all of it."""
    return _shown(managed(doctor_id), AbsenceForm(formdata=None))


@blueprint.post("/doctors/<uuid:doctor_id>/absences/preview")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def preview(doctor_id: UUID) -> ResponseReturnValue:
    """Whom the absence in the form concerns; nothing while it is not complete."""
    doctor, form = managed(doctor_id), AbsenceForm()
    effect = _foretell(doctor, form) if form.validate() else None
    return render_template("absences/_preview.html", **_effect(form, effect), tells=bool(form.start_date.data))


@blueprint.post("/doctors/<uuid:doctor_id>/absences")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def create(doctor_id: UUID) -> ResponseReturnValue:
    """Enter the absence, once those whom it concerns have been shown."""
    doctor, form = managed(doctor_id), AbsenceForm()
    effect = _foretell(doctor, form) if form.validate() else None
    if effect is None:
        return _shown(doctor, form, status=422)
    if not shown.was(effect.affected, form.absence_type.data):
        return _shown(doctor, form, effect, status=409)
    try:
        done = absences.create(db.session(), auth.actor(), doctor_id, form.wanted, now=clock.now())
    except Refused as error:
        _note(form, error)
        return _shown(doctor, form, status=refusals.status(error.refusal))
    _say(done, doctor_id)
    return redirect(url_for("absences.index", doctor_id=doctor_id), 303)


@blueprint.post("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/cancel")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def cancel(doctor_id: UUID, absence_id: UUID) -> ResponseReturnValue:
    """Cancel it: its time opens again."""
    managed(doctor_id)
    absences.cancel(db.session(), auth.actor(), doctor_id, absence_id, now=clock.now())
    flash(gettext("Cancelled. The time can be booked again."), "good")
    return redirect(url_for("absences.index", doctor_id=doctor_id), 303)


def _foretell(doctor: DoctorView, form: AbsenceForm) -> AbsenceEffect | None:
    """What the absence would do; None, with the mistakes noted in the form, when it would be refused."""
    try:
        return absences.preview(db.session(), auth.actor(), doctor.id, form.wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        _note(form, error)
    return None


def _note(form: AbsenceForm, error: Refused) -> None:
    if error.refusal.code is not Code.ABSENCE_OVERLAP:
        raise error
    form.refuse(refusals.sentence(error.refusal))


def _say(done: AbsenceEffect, doctor_id: UUID) -> None:
    flash(gettext("Entered."), "good")
    if done.cancelled_appointments:
        cancelled = ngettext(
            "%(num)d appointment cancelled.", "%(num)d appointments cancelled.", done.cancelled_appointments
        )
        flash(cancelled, "warn")
    if done.warning_count:
        words = ngettext(
            "%(num)d appointment needs seeing to.", "%(num)d appointments need seeing to.", done.warning_count
        )
        listed = url_for("appointments.index", affected=1, doctor=doctor_id)
        flash(Markup('<a href="{}">{}</a>').format(listed, words), "warn")


def _effect(form: AbsenceForm, effect: AbsenceEffect | None) -> dict[str, object]:
    affected = effect.affected if effect else []
    return {"form": form, "effect": effect, "fingerprint": shown.fingerprint(affected, form.absence_type.data or "")}


def _shown(
    doctor: DoctorView, form: AbsenceForm, effect: AbsenceEffect | None = None, status: int = 200
) -> ResponseReturnValue:
    actor, today = auth.actor(), clock.today(auth.actor().zone)
    is_all, cursor = bool(asked.text(request.args, "all")), asked.text(request.args, "cursor")
    page = absences.list_absences(
        db.session(), actor, doctor.id, first=None if is_all else today, limit=ROWS, cursor=cursor
    )
    answer = render_template(
        "absences/index.html",
        doctor=doctor,
        page=page,
        is_all=is_all,
        cursor=cursor,
        today=today,
        types=TYPES,
        tells=False,
        asks=status == 409,  # noqa: PLR2004
        **_effect(form, effect),
    )
    return make_response(answer, status)
