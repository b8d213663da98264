"""How pages write dates, times, ages and names of things."""

from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum

from flask import Flask
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from hms_web import clock
from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.consultations import ConsultationStatus, ParticipantRole
from hms_web.domain.identity import Role
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.patients import Sex
from hms_web.domain.second_factor import grouped
from hms_web.domain.slots import ClosedReason
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.services.absences import AbsenceView
from hms_web.services.slots import DaySlots
from hms_web.web import auth, language
from hms_web.web.language import gettext, ngettext

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

CAUSES = {
    AffectedCause.ABSENCE: lazy_gettext("the doctor is away"),
    AffectedCause.HOLIDAY: lazy_gettext("the hospital is closed"),
    AffectedCause.SCHEDULE_CHANGE: lazy_gettext("the doctor's hours have changed"),
    AffectedCause.DOCTOR_UNAVAILABLE: lazy_gettext("the doctor does not take appointments"),
}

CLOSED = {
    ClosedReason.DAY_OFF: lazy_gettext("This doctor does not work that day. Choose another day or doctor."),
    ClosedReason.PAST: lazy_gettext("That day has gone by. Choose a later one."),
    ClosedReason.BEYOND_BOOKING_WINDOW: lazy_gettext("Times are given for the next 30 days. Choose an earlier day."),
}

CHANNELS = {
    Channel.IN_APP: lazy_gettext("in the app"),
    Channel.SMS: lazy_gettext("text message"),
    Channel.EMAIL: lazy_gettext("e-mail"),
}
DELIVERIES = {
    DeliveryState.QUEUED: (lazy_gettext("waiting to be sent"), ""),
    DeliveryState.SENT: (lazy_gettext("sent"), "good"),
    DeliveryState.FAILED: (lazy_gettext("could not be sent"), "bad"),
    DeliveryState.SUPPRESSED: (lazy_gettext("no longer needed"), ""),
    DeliveryState.NOT_CONFIGURED: (lazy_gettext("not sent: no provider"), "warn"),
}
# The same word names the same thing wherever it stands.
NAMED: dict[str, LazyString] = {
    AbsenceType.ANNUAL_LEAVE: lazy_gettext("Annual leave"),
    AbsenceType.SICK_LEAVE: lazy_gettext("Sick leave"),
    AbsenceType.CONFERENCE: lazy_gettext("Conference"),
    AbsenceType.TRAINING: lazy_gettext("Training"),
    AbsenceType.PERSONAL: lazy_gettext("Personal"),
    AbsenceType.EMERGENCY: lazy_gettext("Emergency"),
    AbsenceType.OTHER: lazy_gettext("Other"),
    Sex.FEMALE: lazy_gettext("Female"),
    Sex.MALE: lazy_gettext("Male"),
    Sex.UNKNOWN: lazy_gettext("Unknown"),
    ParticipantRole.PRIMARY: lazy_gettext("Primary"),
    ParticipantRole.CONSULTING: lazy_gettext("Consulting"),
    ParticipantRole.ASSISTING: lazy_gettext("Assisting"),
    ParticipantRole.SUPERVISING: lazy_gettext("Supervising"),
    ConsultationStatus.STARTED: lazy_gettext("Started"),
    ConsultationStatus.IN_PROGRESS: lazy_gettext("In progress"),
    ConsultationStatus.COMPLETED: lazy_gettext("Completed"),
    ConsultationStatus.ABANDONED: lazy_gettext("Broken off"),
}


# As paediatricians count.
COUNTED_IN_MONTHS = 24


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    filters: dict[str, Callable[..., str]] = {
        "absence_days": absence_days,
        "age": age,
        "cause_name": cause_name,
        "channel_name": channel_name,
        "clock_time": clock_time,
        "dated": dated,
        "delivery_name": delivery_name,
        "delivery_tone": delivery_tone,
        "full_date": language.full_date,
        "grouped": grouped,
        "instant": instant,
        "last_digits": last_digits,
        "long_date": language.long_date,
        "no_time_words": no_time_words,
        "role_name": role_name,
        "short_age": short_age,
        "short_date": language.short_date,
        "status_name": status_name,
        "status_tone": status_tone,
        "type_name": type_name,
        "words": words,
    }
    for name, function in filters.items():
        app.add_template_filter(function, name)
    app.add_template_global(described_by)
    app.add_template_global(hospital_today)


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


def dated(at: datetime) -> str:
    """An instant on the hospital's own clock with its day, like `Mon 23 Nov 14:05`; in another year with that."""
    local = at.astimezone(auth.actor().zone)
    same_year = local.year == clock.today(auth.actor().zone).year
    day = language.short_date(local.date()) if same_year else language.full_date(local.date())
    return f"{day} {clock_time(local.time())}"


def age(born: date) -> str:
    """How old somebody is today: years, or months for the smallest."""
    months = _months(born)
    if months < COUNTED_IN_MONTHS:
        return ngettext("%(num)d month", "%(num)d months", months)
    return ngettext("%(num)d year", "%(num)d years", months // 12)


def short_age(born: date) -> str:
    """An age where there is little room: years without a word, months with one."""
    months = _months(born)
    return gettext("%(number)s mo", number=months) if months < COUNTED_IN_MONTHS else str(months // 12)


def _months(born: date) -> int:
    today = clock.today(auth.actor().zone)
    return max(0, (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day))


def hospital_today() -> date:
    """The date on the hospital's wall."""
    return clock.today(auth.actor().zone)


def last_digits(phone: str) -> str:
    """The last four digits of a phone number, by which people tell namesakes apart."""
    return phone[-4:]


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


def cause_name(cause: str) -> str:
    """Why an appointment needs another time."""
    return str(CAUSES[AffectedCause(cause)])


def no_time_words(day: DaySlots) -> str:
    """Why a doctor's day has no free time, and what to do."""
    if day.closed_reason is ClosedReason.HOLIDAY:
        return gettext("The hospital is closed that day (%(name)s). Choose another day.", name=day.closed_note)
    if day.closed_reason is not None:
        return str(CLOSED[day.closed_reason])
    if not (day.is_available and day.is_active):
        return gettext("This doctor does not take appointments at present. Choose another doctor.")
    if day.booked_count >= day.max_patients_per_day:
        return gettext("That day is full. Choose another day or doctor.")
    return gettext("No time of that day is free. Choose another day or doctor.")


def channel_name(channel: Channel) -> str:
    """How a message travels."""
    return str(CHANNELS[channel])


def delivery_name(state: DeliveryState) -> str:
    """What became of a message."""
    return str(DELIVERIES[state][0])


def delivery_tone(state: DeliveryState) -> str:
    """The tone of that; the words say the same."""
    return DELIVERIES[state][1]


def absence_days(absence: AbsenceView) -> str:
    """The days of an absence, or the hours of its one day."""
    first, last = language.short_date(absence.start_date), language.short_date(absence.end_date)
    if absence.start_time is not None and absence.end_time is not None:
        return f"{first}, {clock_time(absence.start_time)}–{clock_time(absence.end_time)}"  # noqa: RUF001 from to
    return first if first == last else f"{first} – {last}"  # noqa: RUF001


def words(value: StrEnum | str) -> str:
    """A value as people call it: `ANNUAL_LEAVE` is `Annual leave`. One that is not known is made readable."""
    known = NAMED.get(str(value))
    return str(value).replace("_", " ").capitalize() if known is None else str(known)
