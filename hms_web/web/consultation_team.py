"""Asking other doctors into a consultation, and letting them go. What was typed is saved first."""

from uuid import UUID

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.consultations import ParticipantRole
from hms_web.domain.identity import Role
from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.models import db
from hms_web.services import consultation_team
from hms_web.web import auth, doctor_field, language
from hms_web.web.consultations import blueprint, go, mistaken, refused_with, save_first
from hms_web.web.language import gettext

ASKABLE = tuple(role for role in ParticipantRole if role is not ParticipantRole.PRIMARY)


@blueprint.post("/<uuid:consultation_id>/participants")
@auth.roles(Role.DOCTOR)
def ask(consultation_id: UUID) -> ResponseReturnValue:
    """Ask another doctor to take part."""
    failed = save_first(consultation_id)
    if failed is not None:
        return failed
    who = doctor_field.read(request.form)
    role = next((one for one in ASKABLE if one == request.form.get("role")), None)
    if who.is_open:
        return mistaken(consultation_id, [("doctor", who.sentence_with_names)])
    if who.id is None or role is None:
        return mistaken(consultation_id, [("doctor", gettext("Choose a doctor, and what for."))])
    note = request.form.get("participant_note") or None
    try:
        added = consultation_team.add(
            db.session(), auth.actor(), consultation_id, who.id, role, note=note, now=clock.now()
        )
    except Refused as refused:
        return refused_with(consultation_id, refused)
    except InvalidInput as error:
        return mistaken(consultation_id, [("participant-note", sentence) for _, sentence in language.mistakes(error)])
    flash(gettext("%(doctor)s has been asked.", doctor=added.doctor_name), "good")
    return go(url_for("consultations.page", consultation_id=consultation_id))


@blueprint.post("/<uuid:consultation_id>/participants/<uuid:participant_id>/remove")
@auth.roles(Role.DOCTOR)
def let_go(consultation_id: UUID, participant_id: UUID) -> ResponseReturnValue:
    """Let a doctor take part no longer."""
    failed = save_first(consultation_id)
    if failed is not None:
        return failed
    try:
        consultation_team.remove(db.session(), auth.actor(), consultation_id, participant_id, now=clock.now())
    except Refused as refused:
        return refused_with(consultation_id, refused)
    return go(url_for("consultations.page", consultation_id=consultation_id))
