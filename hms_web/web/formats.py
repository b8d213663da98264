"""How pages write dates, times, ages and names of things."""

from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum

from flask import Flask
from flask_babel import gettext, lazy_gettext, ngettext

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.web import auth, language

ROLES = {
    Role.ADMIN: lazy_gettext("Administrator"),
    Role.DOCTOR: lazy_gettext("Doctor"),
    Role.NURSE: lazy_gettext("Nurse"),
    Role.RECEPTIONIST: lazy_gettext("Receptionist"),
}
STATUSES = {
    AppointmentStatus.SCHEDULED: lazy_gettext("expected"),
    AppointmentStatus.CONFIRMED: lazy_gettext("confirmed"),
    AppointmentStatus.CHECKED_IN: lazy_gettext("here"),
    AppointmentStatus.IN_PROGRESS: lazy_gettext("with the doctor"),
    AppointmentStatus.COMPLETED: lazy_gettext("done"),
    AppointmentStatus.CANCELLED: lazy_gettext("cancelled"),
    AppointmentStatus.NO_SHOW: lazy_gettext("no-show"),
}
STATUS_TONES = {
    AppointmentStatus.CHECKED_IN: "good",
    AppointmentStatus.IN_PROGRESS: "accent",
    AppointmentStatus.CANCELLED: "bad",
    AppointmentStatus.NO_SHOW: "bad",
}
TYPES = {
    AppointmentType.CONSULTATION: lazy_gettext("Consultation"),
    AppointmentType.FOLLOW_UP: lazy_gettext("Follow-up"),
    AppointmentType.PROCEDURE: lazy_gettext("Procedure"),
    AppointmentType.OTHER: lazy_gettext("Other"),
}


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    filters: dict[str, Callable[..., str]] = {
        "age": age,
        "clock_time": clock_time,
        "full_date": language.full_date,
        "instant": instant,
        "long_date": language.long_date,
        "role_name": role_name,
        "short_date": language.short_date,
        "status_name": status_name,
        "status_tone": status_tone,
        "type_name": type_name,
        "words": words,
    }
    for name, function in filters.items():
        app.add_template_filter(function, name)
    app.add_template_global(described_by)


def described_by(ids: list[str], mistakes: object, more: dict[str, object]) -> dict[str, object]:
    """The attributes that tie a field to its hint and its mistakes, with `more` of them."""
    described: dict[str, object] = {"aria-describedby": " ".join(ids)} if ids else {}
    return more | described | ({"aria-invalid": "true"} if mistakes else {})


def clock_time(at: time) -> str:
    """A time of day, like `09:05`."""
    return f"{at:%H:%M}"


def instant(at: datetime) -> str:
    """An instant on the hospital's own clock, like `Mon 23 Nov 14:05`; today's is only its time."""
    zone = auth.actor().zone
    local = at.astimezone(zone)
    if local.date() == clock.today(zone):
        return clock_time(local.time())
    return f"{language.short_date(local.date())} {clock_time(local.time())}"


def age(born: date) -> str:
    """How old somebody is today: years, or months for the smallest."""
    today = clock.today(auth.actor().zone)
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    if months < 24:  # noqa: PLR2004 as paediatricians count
        return str(ngettext("%(num)d month", "%(num)d months", max(months, 0)))
    return str(ngettext("%(num)d year", "%(num)d years", months // 12))


def role_name(role: Role | str) -> str:
    """A role as people say it."""
    return str(ROLES[Role(role)])


def status_name(status: AppointmentStatus | str) -> str:
    """Where an appointment's patient is, in a word or three."""
    return str(STATUSES[AppointmentStatus(status)])


def status_tone(status: AppointmentStatus | str) -> str:
    """The tone of a status's badge; the word beside it says the same."""
    return STATUS_TONES.get(AppointmentStatus(status), "")


def type_name(kind: AppointmentType | str) -> str:
    """What a patient comes for."""
    return str(TYPES[AppointmentType(kind)])


def words(value: StrEnum | str) -> str:
    """An enum value that has no words of its own yet, made readable: `ANNUAL_LEAVE` is `Annual leave`."""
    return str(gettext(str(value).replace("_", " ").capitalize()))
