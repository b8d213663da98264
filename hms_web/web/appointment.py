"""`/appointments/<id>`: one appointment with its history, and what can be done with it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.local_time import day_span, may_be_meant
from hms_web.domain.refusals import InvalidInput, Refusal
from hms_web.domain.visits import UPCOMING, AppointmentStatus, may_follow, may_set_by_hand
from hms_web.models import db
from hms_web.services import (
    appointments,
    booking,
    cancelling,
    patient_messages,
    record_reads,
    slots,
    visits,
    vitals,
)
from hms_web.services.appointments import AppointmentView
from hms_web.web import arrivals, asked, auth, doctor_field, formats, histories, htmx, refusals
from hms_web.web.appointments import blueprint
from hms_web.web.doctor_field import Meant
from hms_web.web.forms import Form
from hms_web.web.language import gettext

NEXT_FREE = 4
CLINICAL = frozenset({Role.NURSE, Role.DOCTOR})
DONE = {
    AppointmentStatus.CONFIRMED: lazy_gettext("Confirmed."),
    AppointmentStatus.CHECKED_IN: lazy_gettext("Checked in."),
    AppointmentStatus.SCHEDULED: lazy_gettext("The check-in is undone."),
}


class CancelForm(Form):
    """Why an appointment is cancelled."""

    api_names = {"cancel_reason": "reason"}  # noqa: RUF012 as the parent declares it

    cancel_reason = StringField(
        lazy_gettext("Why is it cancelled?"),
        [DataRequired(lazy_gettext("Say why, so that others know."))],
    )


class WordsForm(Form):
    """What an appointment is about."""

    reason = StringField(lazy_gettext("Reason"))
    notes = TextAreaField(lazy_gettext("Notes for the staff"))


@dataclass(frozen=True, slots=True)
class Times:
    """The free times of one doctor on one day, to move an appointment to, and the next ones after now; none while it is
    open which doctor is meant by what was typed.
    """

    day: slots.DaySlots
    free: list[slots.SlotView]
    next_free: list[slots.SlotView]
    who: Meant


@blueprint.get("/appointments/<uuid:appointment_id>")
@auth.roles()
def page(appointment_id: UUID) -> ResponseReturnValue:
    """The record; `date` and `doctor` choose the day whose free times are offered."""
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    if htmx.wants_fragment() and htmx.target() == "times":
        times = _times(view)
        return render_template(
            "appointments/_times.html", view=view, times=times, of_doctor=lambda key: _with_doctor(view, times, key)
        )
    record_reads.note(db.session(), auth.actor(), "appointment", appointment_id, now=clock.now())
    return _shown(view)


@blueprint.post("/appointments/<uuid:appointment_id>/move")
@auth.roles()
def move(appointment_id: UUID) -> ResponseReturnValue:
    """Move it to the slot whose button was pressed."""
    slot = _slot(request.form.get("slot", ""))
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    if slot is None:
        return _shown(view, mistake=gettext("Choose one of the free times."), status=422)
    day, at, doctor_id = slot
    wanted = booking.AppointmentChange(date=day, time=at, doctor_id=doctor_id, version=_version())
    moved = booking.change(db.session(), auth.actor(), appointment_id, wanted, now=clock.now())
    if isinstance(moved, Refusal):
        return _shown(view, mistake=refusals.sentence(moved), status=refusals.status(moved), chosen=(day, doctor_id))
    before, after = formats.dated(view.starts_at), formats.dated(moved.starts_at)
    words = gettext(
        "Moved from %(before)s to %(after)s with %(doctor)s.", before=before, after=after, doctor=moved.doctor_name
    )
    return _done(appointment_id, words)


@blueprint.post("/appointments/<uuid:appointment_id>/status")
@auth.roles()
def set_status(appointment_id: UUID) -> ResponseReturnValue:
    """Confirm, check in or undo the check-in."""
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    wanted = next((status for status in DONE if status == request.form.get("status")), None)
    if wanted is None:
        return _shown(view, mistake=gettext("Choose what to do."), status=422)
    changed = visits.set_status(db.session(), auth.actor(), appointment_id, wanted, now=clock.now(), version=_version())
    if isinstance(changed, Refusal):
        return _refused(appointment_id, changed)
    answer = _done(appointment_id, str(DONE[wanted]))
    warning = arrivals.doubt(changed)
    if warning:
        flash(warning, "warn")
    return answer


@blueprint.post("/appointments/<uuid:appointment_id>/cancel")
@auth.roles()
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Cancel it, with the reason."""
    view, form = appointments.get(db.session(), auth.actor(), appointment_id), CancelForm()
    if not form.validate():
        return _shown(view, cancel_form=form, status=422)
    reason = form.cancel_reason.data
    try:
        cancelled = cancelling.cancel(
            db.session(), auth.actor(), appointment_id, reason=reason, now=clock.now(), version=_version()
        )
    except InvalidInput as error:
        form.take(error)
        return _shown(view, cancel_form=form, status=422)
    if isinstance(cancelled, Refusal):
        return _refused(appointment_id, cancelled)
    return _done(appointment_id, gettext("Cancelled. The time is free again and the patient will be told."))


@blueprint.post("/appointments/<uuid:appointment_id>/words")
@auth.roles()
def change_words(appointment_id: UUID) -> ResponseReturnValue:
    """Change its reason and notes."""
    view, form = appointments.get(db.session(), auth.actor(), appointment_id), WordsForm()
    if not form.validate():
        return _shown(view, words_form=form, status=422)
    wanted = booking.AppointmentChange(reason=form.reason.data, notes=form.notes.data, version=_version())
    try:
        changed = booking.change(db.session(), auth.actor(), appointment_id, wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
        return _shown(view, words_form=form, status=422)
    if isinstance(changed, Refusal):
        form.refuse(refusals.sentence(changed))
        now = appointments.get(db.session(), auth.actor(), appointment_id)
        return _shown(now, words_form=form, status=refusals.status(changed))
    return _done(appointment_id, gettext("Saved."))


def _version() -> int | None:
    return asked.number(request.form, "version")


def _slot(written: str) -> tuple[date, time, UUID] | None:
    """Read the slot in a button's value: its local start and its doctor."""
    starts, _, doctor = written.partition("/")
    try:
        local = datetime.fromisoformat(starts)
        if not may_be_meant(local.date()):
            return None
        return local.date(), local.time().replace(tzinfo=None), UUID(doctor)
    except ValueError:
        return None


def _done(appointment_id: UUID, words: str) -> ResponseReturnValue:
    flash(words, "good")
    return redirect(url_for("appointments.page", appointment_id=appointment_id), 303)


def _refused(appointment_id: UUID, refusal: Refusal) -> ResponseReturnValue:
    view = appointments.get(db.session(), auth.actor(), appointment_id)
    return _shown(view, mistake=refusals.sentence(refusal), status=refusals.status(refusal))


def _times(view: AppointmentView, chosen: tuple[date, UUID] | None = None) -> Times | None:
    """The free times of the chosen day and doctor; None when the appointment can no longer be moved."""
    if view.status not in UPCOMING:
        return None
    actor, session, now = auth.actor(), db.session(), clock.now()
    who = Meant(chosen[1]) if chosen else doctor_field.read(request.args)
    day = (chosen[0] if chosen else asked.day(request.args, "date")) or max(view.date, clock.today(actor.zone))
    doctor_id = who.id or view.doctor_id
    found = slots.of_date(session, actor, doctor_id, day, now=now)
    if who.is_open:
        return Times(found, [], [], who)
    free = [slot for slot in found.items if slot.refusal is None and slot.starts_at != view.starts_at]
    # A day with free times shows them; what comes next is then on a later day.
    after = day_span(day, actor.zone).ends_at if free else None
    return Times(
        found,
        free,
        slots.next_free(session, actor, [doctor_id], now=now, after=after, limit=NEXT_FREE),
        Meant(doctor_id),
    )


def _with_doctor(view: AppointmentView, times: Times | None, doctor_id: UUID) -> str:
    """The address of the same page with the free times of a doctor."""
    day = times.day.date if times else None
    return url_for("appointments.page", appointment_id=view.id, date=day, doctor=doctor_id, _anchor="move")


def _shown(
    view: AppointmentView,
    *,
    mistake: str | None = None,
    chosen: tuple[date, UUID] | None = None,
    cancel_form: CancelForm | None = None,
    words_form: WordsForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    actor, session = auth.actor(), db.session()
    words = words_form or WordsForm(formdata=None, data={"reason": view.reason or "", "notes": view.notes or ""})
    events, times = appointments.history(session, actor, view.id), _times(view, chosen)
    answer = render_template(
        "appointments/page.html",
        view=view,
        mistake=mistake,
        times=times,
        choice=doctor_field.offered(times.who) if times else None,
        of_doctor=lambda key: _with_doctor(view, times, key),
        steps=histories.steps(session, actor, events),
        messages=patient_messages.of_appointment(session, actor, view.id),
        cancel_form=cancel_form or CancelForm(formdata=None),
        words_form=words,
        is_today=view.date == clock.today(actor.zone),
        may_cancel=may_follow(view.status, AppointmentStatus.CANCELLED),
        may_set=[status for status in DONE if may_set_by_hand(view.status, status)],
        today=clock.today(actor.zone),
        takings=vitals.of_appointment(session, actor, view.id) if actor.role in CLINICAL else [],
    )
    return make_response(answer, status)
