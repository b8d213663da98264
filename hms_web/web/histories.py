"""The audit trail of a record, in sentences."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.models import AuditEvent
from hms_web.services import doctors
from hms_web.web import formats, no_show_words
from hms_web.web.language import gettext
from hms_web.web.stored import stored

FIELDS = {
    "date_of_birth": lazy_gettext("date of birth"),
    "email": lazy_gettext("e-mail address"),
    "mrn": lazy_gettext("patient number"),
    "name": lazy_gettext("name"),
    "notes": lazy_gettext("notes"),
    "phone": lazy_gettext("phone number"),
    "reason": lazy_gettext("reason"),
    "sex": lazy_gettext("sex"),
}
PLAIN = {
    "appointment.confirmed": lazy_gettext("Confirmed"),
    "appointment.checked_in": lazy_gettext("Checked in"),
    "appointment.scheduled": lazy_gettext("Check-in undone"),
    "appointment.kept": lazy_gettext("Kept as it is; the patient will be told"),
    "appointment.keep_undone": lazy_gettext("No longer kept: needs attention again"),
    "appointment.vitals_recorded": lazy_gettext("Vitals recorded"),
    "appointment.consultation_started": lazy_gettext("The consultation has begun"),
    "appointment.consultation_completed": lazy_gettext("The consultation is completed"),
    "appointment.consultation_abandoned": lazy_gettext("The consultation was broken off; the patient waits again"),
    "appointment.settled": lazy_gettext("No longer needs another time"),
    "appointment.no_show_review": lazy_gettext(
        "Time went by in an outage: somebody has to say whether the patient came"
    ),
    "appointment.had_come": lazy_gettext("The patient had come, says somebody who was there"),
    "appointment.no_show_reverted": lazy_gettext("No-show taken back"),
    "appointment.no_show_excused": lazy_gettext("No-show taken out of the count"),
    "patient.created": lazy_gettext("Added"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: when, by whom, what."""

    at: datetime
    who: str
    words: str
    more: str | None = None


def steps(session: Session, actor: Actor, events: Iterable[AuditEvent]) -> list[Step]:
    """Return what was done to a record, the latest first."""
    known = list(events)
    names = _doctor_names(session, actor, known)
    return [_step(event, names) for event in reversed(known)]


def _doctor_names(session: Session, actor: Actor, events: Iterable[AuditEvent]) -> dict[str, str]:
    named = [event.details["doctor_id"] for event in events if "doctor_id" in event.details]
    ids = {key for value in named for key in (value.values() if isinstance(value, Mapping) else [value]) if key}
    if not ids:
        return {}
    found = doctors.all_of(session, actor, doctor_ids=[UUID(key) for key in ids], only_active=False)
    return {str(doctor.id): doctor.name for doctor in found}


def _step(event: AuditEvent, names: Mapping[str, str]) -> Step:
    details = event.details
    say = SENTENCES.get(event.action)
    if say is not None:
        words, more = say(details, names)
    else:
        plain = PLAIN.get(event.action)
        words, more = str(plain) if plain else formats.words(event.action.partition(".")[2]), details.get("note")
    return Step(event.at, event.actor_name, words, more)


def _booked(details: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str | None]:
    words = gettext(
        "Booked for %(when)s with %(doctor)s", when=_when(details.get("starts_at")), doctor=_who(details, names)
    )
    return words, details.get("override_reason")


def _who(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return names.get(str(details.get("doctor_id")), gettext("a doctor"))


def _rescheduled(details: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str | None]:
    times, doctor = details.get("starts_at"), details.get("doctor_id")
    parts = []
    if times:
        parts.append(gettext("from %(before)s to %(after)s", before=_when(times["from"]), after=_when(times["to"])))
    if doctor:
        before, after = (names.get(str(doctor[side]), gettext("a doctor")) for side in ("from", "to"))
        parts.append(gettext("from %(before)s to %(after)s", before=before, after=after))
    return gettext("Moved %(what)s", what=", ".join(parts)), None


def _put_back(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    return gettext("The move was undone: back to %(when)s", when=_when(details["starts_at"]["to"])), None


def _cancelled(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    return gettext("Cancelled"), stored(details.get("reason"))


def _affected(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    return gettext("Needs another time: %(cause)s", cause=formats.cause_name(details["affected_cause"]["to"])), None


def _changed(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    changes = details.get("changes", details)
    named = [str(FIELDS.get(name, name)) for name in changes]
    return gettext("Changed: %(what)s", what=", ".join(sorted(named))), None


def _missed(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    return gettext("Did not come: %(how)s", how=no_show_words.REASONS[details["reason"]]), details.get("note")


def _blocked(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    return gettext("Blocked from booking"), stored(details.get("reason"))


def _unblocked(details: Mapping[str, Any], _names: Mapping[str, str]) -> tuple[str, str | None]:
    if details.get("by_revert"):
        return gettext("Unblocked: too few no-shows are left"), None
    return gettext("Unblocked; no-shows count anew"), details.get("reason")


def _when(written: object) -> str:
    return formats.dated(datetime.fromisoformat(str(written))) if written else ""


SENTENCES: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], tuple[str, str | None]]] = {
    "appointment.booked": _booked,
    "appointment.rescheduled": _rescheduled,
    "appointment.move_undone": _put_back,
    "appointment.cancelled": _cancelled,
    "appointment.affected": _affected,
    "appointment.changed": _changed,
    "patient.changed": _changed,
    "appointment.no_show": _missed,
    "patient.blocked": _blocked,
    "patient.unblocked": _unblocked,
}
