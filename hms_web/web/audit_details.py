"""What an entry of the audit trail says of itself, in words: which fields, from what to what."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from hms_web.web import formats, language
from hms_web.web.histories import FIELDS
from hms_web.web.language import gettext
from hms_web.web.stored import stored

DETAILS = {
    "absence_type": lazy_gettext("kind of leave"),
    "affected": lazy_gettext("need another time"),
    "affected_cause": lazy_gettext("what affects it"),
    "appointment_id": lazy_gettext("appointment"),
    "body": lazy_gettext("text"),
    "by_revert": lazy_gettext("because a no-show was taken back"),
    "calendars_show_names": lazy_gettext("patients' names in calendars"),
    "channel": lazy_gettext("channel"),
    "created": lazy_gettext("made"),
    "date": lazy_gettext("date"),
    "department": lazy_gettext("department"),
    "doctor_id": lazy_gettext("doctor"),
    "end_date": lazy_gettext("last day"),
    "end_time": lazy_gettext("end"),
    "event": lazy_gettext("event"),
    "is_active": lazy_gettext("active"),
    "is_available": lazy_gettext("takes appointments"),
    "is_recurring": lazy_gettext("every year"),
    "job": lazy_gettext("job"),
    "kept_cause": lazy_gettext("kept although"),
    "language": lazy_gettext("language"),
    "last_day": lazy_gettext("last day"),
    "list": lazy_gettext("list"),
    "max_patients_per_day": lazy_gettext("most patients in a day"),
    "message_language": lazy_gettext("language of messages"),
    "moved_on": lazy_gettext("the visit moved on"),
    "no_longer_affected": lazy_gettext("no longer affected"),
    "note": lazy_gettext("note"),
    "override_reason": lazy_gettext("reason to book all the same"),
    "patient_id": lazy_gettext("patient"),
    "readings": lazy_gettext("readings"),
    "removed": lazy_gettext("removed"),
    "role": lazy_gettext("role"),
    "schedules": lazy_gettext("hours"),
    "slot_duration": lazy_gettext("length of a slot"),
    "source": lazy_gettext("source"),
    "start_date": lazy_gettext("first day"),
    "start_time": lazy_gettext("start"),
    "starts_at": lazy_gettext("time"),
    "state_before": lazy_gettext("state before"),
    "status": lazy_gettext("state"),
    "timezone": lazy_gettext("time zone"),
    "title": lazy_gettext("subject"),
    "to": lazy_gettext("to whom"),
    "token_number": lazy_gettext("the token number"),
    "told": lazy_gettext("told"),
    "type": lazy_gettext("what for"),
    "user_id": lazy_gettext("user"),
}
_TABLES: tuple[Mapping[Any, LazyString], ...] = (
    formats.CAUSES,
    formats.CHANNELS,
    formats.NAMED,
    formats.ROLES,
    formats.STATUSES,
    formats.TYPES,
)
VALUES = {str(value): words for table in _TABLES for value, words in table.items()}
_CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)*", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}:\d{2}")


def changed(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what stands in an event's details, each as its name and its words."""
    for name, value in details.items():
        if name == "changes" and isinstance(value, Mapping):
            yield from changed(value)
        elif isinstance(value, Mapping) and set(value) == {"from", "to"}:
            words = gettext("from %(before)s to %(after)s", before=_plain(value["from"]), after=_plain(value["to"]))
            yield _field(name), words
        else:
            yield _field(name), _plain(value)


def _field(name: str) -> str:
    return str(FIELDS.get(name) or DETAILS.get(name) or name.replace("_", " "))


def _plain(value: object) -> str:
    if value is None or value == "":
        return gettext("nothing")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or gettext("nothing")
    if isinstance(value, Mapping):
        return ", ".join(f"{_field(name)}: {_plain(part)}" for name, part in value.items())
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    """A stored text: a day or an instant as the page writes it, a code in words; what somebody typed as it is."""
    if _INSTANT.fullmatch(value):
        return formats.dated(datetime.fromisoformat(value))
    if _DAY.fullmatch(value):
        return language.full_date(date.fromisoformat(value))
    if _CODE.fullmatch(value):
        return str(VALUES.get(value) or formats.words(value))
    return stored(value)
