"""`/consultations/<id>`: what a doctor finds and decides, saved while it is typed."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.consultations import OPEN, ConsultationStatus
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import (
    appointments,
    consultation_records,
    consultations,
    patients,
    record_reads,
    vitals,
)
from hms_web.services.consultation_records import ConsultationView
from hms_web.services.doctor_choice import Choice
from hms_web.web import asked, auth, consultation_form, doctor_field, htmx, language, refusals
from hms_web.web.consultation_form import ConsultationForm, State
from hms_web.web.language import gettext

blueprint = Blueprint("consultations", __name__, url_prefix="/consultations")


@blueprint.post("")
@auth.roles(Role.DOCTOR)
def start() -> ResponseReturnValue:
    """Start to see somebody; or go on, when that has begun already."""
    wanted = asked.key(request.form, "appointment")
    if wanted is None:
        raise Refused(Code.APPOINTMENT_NOT_FOUND)
    try:
        started = consultations.start(db.session(), auth.actor(), wanted, now=clock.now()).id
    except Refused:
        found = appointments.get(db.session(), auth.actor(), wanted).consultation_id
        if found is None:
            raise
        started = found
    return go(url_for("consultations.page", consultation_id=started))


def go(path: str) -> ResponseReturnValue:
    """Lead the whole page there, whoever asked."""
    return htmx.redirect(path) if htmx.wants_fragment() else redirect(path, 303)


@blueprint.get("/<uuid:consultation_id>")
@auth.roles(Role.DOCTOR)
def page(consultation_id: UUID) -> ResponseReturnValue:
    """The consultation, with everything that is known of the patient beside it."""
    view = _get(consultation_id)
    record_reads.note(db.session(), auth.actor(), "consultation", consultation_id, now=clock.now())
    return shown(view)


@blueprint.post("/<uuid:consultation_id>")
@auth.roles(Role.DOCTOR)
def save(consultation_id: UUID) -> ResponseReturnValue:
    """Save what was typed."""
    failed = save_first(consultation_id)
    if failed is not None:
        return failed
    if htmx.wants_fragment():
        return _state_after_saving(consultation_id)
    flash(gettext("Saved."), "good")
    return redirect(url_for("consultations.page", consultation_id=consultation_id), 303)


@blueprint.post("/<uuid:consultation_id>/complete")
@auth.roles(Role.DOCTOR)
def complete(consultation_id: UUID) -> ResponseReturnValue:
    """Save what was typed, and complete the visit."""
    failed = save_first(consultation_id)
    if failed is not None:
        return failed
    try:
        consultations.complete(db.session(), auth.actor(), consultation_id, now=clock.now())
    except Refused as refused:
        return refused_with(consultation_id, refused)
    patient = _patient_name(consultation_id)
    flash(gettext("The visit of %(patient)s is completed.", patient=patient), "good")
    return go(url_for("my_day.page"))


@blueprint.post("/<uuid:consultation_id>/abandon")
@auth.roles(Role.DOCTOR)
def abandon(consultation_id: UUID) -> ResponseReturnValue:
    """Save what was typed, and break it off; the patient waits again."""
    failed = save_first(consultation_id)
    if failed is not None:
        return failed
    reason = request.form.get("abandon_reason", "")
    try:
        consultations.abandon(db.session(), auth.actor(), consultation_id, reason=reason, now=clock.now())
    except Refused as refused:
        return refused_with(consultation_id, refused)
    except InvalidInput as error:
        return mistaken(consultation_id, [("abandon-reason", sentence) for _, sentence in language.mistakes(error)])
    patient = _patient_name(consultation_id)
    flash(gettext("The consultation is broken off. %(patient)s waits again.", patient=patient), "good")
    return go(url_for("my_day.page"))


def save_first(consultation_id: UUID) -> ResponseReturnValue | None:
    """Save what was typed; return the answer that says why that did not work, or None.

    Only the fields in which something else was typed are sent on, together with what the writer saw there.
    """
    form, session, actor = ConsultationForm(), db.session(), auth.actor()
    view = consultations.get(session, actor, consultation_id)
    if not form.validate():
        return _answer(view, form, _wrong(form, view), 422)
    wanted, seen = form.only_typed(form.change), form.seen_values()
    if asked.number(request.form, "overwrite") == view.version:
        seen = {}  # they have read what the other wrote, and want their own words in its place
    try:
        consultations.change(session, actor, consultation_id, wanted, now=clock.now(), seen=seen)
    except InvalidInput as error:
        form.take(error)
        return _answer(view, form, _wrong(form, view), 422)
    except Refused as refused:
        return _answer(
            _get(consultation_id), form, _in_the_way(form, consultation_id, refused), refusals.status(refused.refusal)
        )
    return None


def _get(consultation_id: UUID) -> ConsultationView:
    return consultations.get(db.session(), auth.actor(), consultation_id)


def _patient_name(consultation_id: UUID) -> str:
    view = _get(consultation_id)
    return patients.get(db.session(), auth.actor(), view.patient_id).name


def _wrong(form: ConsultationForm, view: ConsultationView) -> State:
    return State(form.seen, view.version, mistakes=form.mistakes)


def _in_the_way(form: ConsultationForm, consultation_id: UUID, refused: Refused) -> State:
    """Somebody else was quicker, or it is over: what was typed stays, beside what is there now."""
    view = _get(consultation_id)
    return State(
        form.seen,
        view.version,
        others=consultation_form.others(form, view, form.seen),
        by=_last(consultation_id),
        is_conflict=refused.refusal.code is Code.STALE_VERSION,
        refused=refusals.sentence(refused.refusal),
    )


def _last(consultation_id: UUID) -> consultation_records.LastChange | None:
    return consultation_records.last_change(db.session(), auth.actor(), consultation_id)


def _state_after_saving(consultation_id: UUID) -> ResponseReturnValue:
    form, view = ConsultationForm(), _get(consultation_id)
    seen = consultation_form.seen_after_saving(form, view, form.only_typed(form.change))
    theirs = consultation_form.others(form, view, seen)
    last = _last(consultation_id)
    state = State(seen, view.version, saved_at=clock.now(), others=theirs, by=last)
    return render_template("consultations/_state.html", view=view, state=state)


def refused_with(consultation_id: UUID, refused: Refused) -> ResponseReturnValue:
    """The page again, with what was saved and why the rest was not done."""
    lacking = refused.refusal.facts.get("missing")
    if not isinstance(lacking, list):
        sentence = refusals.sentence(refused.refusal)
        return mistaken(consultation_id, [(None, sentence)], refusals.status(refused.refusal))
    fields = {"chiefComplaint": "chief_complaint"}
    return mistaken(consultation_id, [(fields.get(name, name), sentence) for name, sentence in lacking])


def mistaken(
    consultation_id: UUID, mistakes: Sequence[tuple[str | None, str]], status: int = 422
) -> ResponseReturnValue:
    """What was typed is saved; say what is missing for what was wanted besides."""
    view = _get(consultation_id)
    form = ConsultationForm.of(view)
    for name, sentence in mistakes:
        if name is not None and name in form:
            form[name].errors = [sentence]
    state = State(consultation_form.texts_of(view), view.version, saved_at=clock.now(), mistakes=list(mistakes))
    return _answer(view, form, state, status)


def _answer(view: ConsultationView, form: ConsultationForm, state: State, status: int) -> ResponseReturnValue:
    if htmx.wants_fragment():
        return make_response(render_template("consultations/_state.html", view=view, state=state), status)
    return shown(view, form, state, status)


def _askable(view: ConsultationView) -> Choice:
    """Who can be asked: every doctor who does not take part yet."""
    choice = doctor_field.offered()
    return replace(choice, names=[one for one in choice.names if not view.team.may_write(one.id)])


def shown(
    view: ConsultationView, form: ConsultationForm | None = None, state: State | None = None, status: int = 200
) -> ResponseReturnValue:
    """The whole page."""
    session, actor = db.session(), auth.actor()
    is_open, team = view.status in OPEN, view.team
    may_lead = is_open and team.may_lead(actor.doctor_id)
    answer = render_template(
        "consultations/page.html",
        view=view,
        appointment=appointments.get(session, actor, view.appointment_id),
        patient=patients.get(session, actor, view.patient_id),
        takings=vitals.of_appointment(session, actor, view.appointment_id),
        earlier=consultation_records.earlier(session, actor, view),
        broken_off=consultation_records.broken_off(session, actor, view) if is_open else [],
        form=form or ConsultationForm.of(view),
        state=state or consultation_form.untouched(view, _last(view.id)),
        may_write=is_open and team.may_write(actor.doctor_id),
        may_lead=may_lead,
        is_open=is_open,
        was_abandoned=view.status is ConsultationStatus.ABANDONED,
        choice=_askable(view) if may_lead else None,
        asked_for=doctor_field.as_sent(request.form),
        typed=request.form,
        me=actor.doctor_id,
    )
    return make_response(answer, status)
