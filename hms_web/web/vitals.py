"""`/appointments/<id>/vitals`: writing down what was measured, on a page of its own or in a sheet over a board."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField, TextAreaField

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import InvalidInput, Refusal
from hms_web.domain.vitals import BY_NAME, TAKEN_IN, Readings, age_in_years, usual_ranges
from hms_web.models import db
from hms_web.services import appointments, patients, record_reads, vitals
from hms_web.services.appointments import AppointmentView
from hms_web.services.vitals import VitalsView
from hms_web.web import auth, htmx, refusals
from hms_web.web.forms import Form
from hms_web.web.language import gettext, said

blueprint = Blueprint("vitals", __name__)

TAKERS = (Role.NURSE, Role.DOCTOR)
FIGURE = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?", re.ASCII)
SHEET = "sheet-body"


class FigureField(StringField):
    """A figure as it is typed, with a point or a comma; `data` is a number, or None where nothing was measured."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the figure."""
        written = valuelist[0].strip() if valuelist else ""
        self.data: Any = None
        if not written:
            return
        if not FIGURE.fullmatch(written):
            raise ValueError(lazy_gettext("Write a number, like 72 or 36.6."))
        number = Decimal(written.replace(",", "."))
        is_fine = BY_NAME[self.short_name].decimals > 0
        if not is_fine and number != int(number):
            raise ValueError(lazy_gettext("Write a whole number."))
        self.data = number if is_fine else int(number)

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ""


class VitalsForm(Form):
    """The readings of one taking."""

    temperature_c = FigureField(lazy_gettext("Temperature, °C"))
    pulse_bpm = FigureField(lazy_gettext("Pulse, per minute"))
    systolic_mm_hg = FigureField(lazy_gettext("Systolic, mmHg"))
    diastolic_mm_hg = FigureField(lazy_gettext("Diastolic, mmHg"))
    respiratory_rate = FigureField(lazy_gettext("Breaths, per minute"))
    spo2_percent = FigureField(lazy_gettext("SpO₂, %"))
    weight_kg = FigureField(lazy_gettext("Weight, kg"))
    height_cm = FigureField(lazy_gettext("Height, cm"))
    note = TextAreaField(lazy_gettext("Note"))

    @property
    def readings(self) -> Readings:
        """The figures that were typed."""
        return Readings(**{name: self[name].data for name in BY_NAME})


@blueprint.get("/appointments/<uuid:appointment_id>/vitals")
@auth.roles(*TAKERS)
def page(appointment_id: UUID) -> ResponseReturnValue:
    """The form, with what was taken before."""
    view = _of(appointment_id)
    record_reads.note(db.session(), auth.actor(), "appointment", appointment_id, now=clock.now())
    return _shown(view, VitalsForm(formdata=None))


@blueprint.post("/appointments/<uuid:appointment_id>/vitals")
@auth.roles(*TAKERS)
def record(appointment_id: UUID) -> ResponseReturnValue:
    """Write the readings down. Whatever is refused, what was typed stays."""
    view, form = _of(appointment_id), VitalsForm()
    if not form.validate():
        return _shown(view, form, 422)
    try:
        taken = vitals.record(
            db.session(), auth.actor(), appointment_id, form.readings, note=form.note.data, now=clock.now()
        )
    except InvalidInput as error:
        form.take(error)
        return _shown(view, form, 422)
    if isinstance(taken, Refusal):
        form.refuse(refusals.sentence(taken))
        return _shown(_of(appointment_id), form, refusals.status(taken))
    return _taken(view, taken)


def _of(appointment_id: UUID) -> AppointmentView:
    return appointments.get(db.session(), auth.actor(), appointment_id)


def _back(view: AppointmentView) -> str:
    given = auth.local_path(request.values.get("next"))
    return given or url_for("appointments.page", appointment_id=view.id)


def _taken(view: AppointmentView, taken: VitalsView) -> ResponseReturnValue:
    """Say that it is written down, and which values to check."""
    words = gettext("Vitals of %(patient)s recorded.", patient=view.patient_name)
    if not htmx.wants_fragment():
        flash(words, "good")
        for item in taken.unusual:
            flash(said(item.sentence), "warn")
        return redirect(_back(view), 303)
    if not taken.unusual:
        return htmx.trigger("", {"close-sheet": {}, "announce": {"value": words}})
    answer = render_template("vitals/_check.html", view=view, taken=taken, back=_back(view), words=words)
    return htmx.trigger(answer, {"announce": {"value": words}})


def _shown(view: AppointmentView, form: VitalsForm, status: int = 200) -> ResponseReturnValue:
    actor, session = auth.actor(), db.session()
    patient = patients.get(session, actor, view.patient_id)
    is_sheet = htmx.wants_fragment() and htmx.target() == SHEET
    template = "vitals/_form.html" if is_sheet else "vitals/page.html"
    today = clock.today(actor.zone)
    answer = render_template(
        template,
        view=view,
        patient=patient,
        form=form,
        is_sheet=is_sheet,
        may_take=view.status in TAKEN_IN and view.date == today,
        usual=usual_ranges(age_in_years(patient.date_of_birth, today)),
        readings=BY_NAME,
        takings=vitals.of_appointment(session, actor, view.id),
        back=_back(view),
    )
    return make_response(answer, status)
