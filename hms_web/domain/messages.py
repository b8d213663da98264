"""What patients are told, and how urgently. No clinical detail stands in a message (product.md, Notifications)."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from hms_web.domain.notifications import Priority


class MessageEvent(StrEnum):
    """What a message reports."""

    BOOKED = "appointment.booked"
    RESCHEDULED = "appointment.rescheduled"
    CANCELLED = "appointment.cancelled"
    AFFECTED_BY_ABSENCE = "appointment.affected_by_absence"
    CANCELLED_BY_EMERGENCY = "appointment.cancelled_by_emergency"
    NEEDS_RESCHEDULING = "appointment.needs_rescheduling"
    DOCTOR_UNAVAILABLE = "appointment.cancelled_doctor_unavailable"
    AFFECTED_BY_HOLIDAY = "appointment.affected_by_holiday"
    KEPT = "appointment.kept"
    NO_SHOW = "appointment.no_show"
    NO_SHOW_BLOCKED = "appointment.no_show_blocked"


_TITLES = {
    MessageEvent.BOOKED: "Appointment Booked",
    MessageEvent.RESCHEDULED: "Appointment Rescheduled",
    MessageEvent.CANCELLED: "Appointment Cancelled",
    MessageEvent.AFFECTED_BY_ABSENCE: "Appointment Affected",
    MessageEvent.CANCELLED_BY_EMERGENCY: "Appointment Cancelled - Doctor Emergency",
    MessageEvent.NEEDS_RESCHEDULING: "Appointment Needs Rescheduling",
    MessageEvent.DOCTOR_UNAVAILABLE: "Appointment Cancelled - Doctor Unavailable",
    MessageEvent.AFFECTED_BY_HOLIDAY: "Appointment Affected",
    MessageEvent.KEPT: "Appointment Stays As It Is",
    MessageEvent.NO_SHOW: "Appointment Missed",
    MessageEvent.NO_SHOW_BLOCKED: "Appointment Missed",
}

_BODIES = {
    MessageEvent.BOOKED: "Your appointment with {doctor} is on {when}. Your token number is {token}.",
    MessageEvent.RESCHEDULED: "Your appointment with {doctor} has moved to {when}. Your token number is {token}.",
    MessageEvent.CANCELLED: "Your appointment with {doctor} on {when} has been cancelled.",
    MessageEvent.AFFECTED_BY_ABSENCE: "{doctor} is away on {when}. We will contact you to find another time.",
    MessageEvent.CANCELLED_BY_EMERGENCY: (
        "{doctor} cannot be there on {when} because of an emergency. Please book another time."
    ),
    MessageEvent.NEEDS_RESCHEDULING: (
        "{doctor}'s hours have changed. Your appointment on {when} needs another time; we will contact you."
    ),
    MessageEvent.DOCTOR_UNAVAILABLE: "{doctor} is no longer available. Your appointment on {when} has been cancelled.",
    MessageEvent.AFFECTED_BY_HOLIDAY: "The hospital is closed on {when}. We will contact you to find another time.",
    MessageEvent.KEPT: "Your appointment with {doctor} on {when} stays as it is. Your token number is {token}.",
    MessageEvent.NO_SHOW: "You missed your appointment with {doctor} on {when}. You can book another time.",
    MessageEvent.NO_SHOW_BLOCKED: (
        "You missed your appointment with {doctor} on {when}. "
        "Since several were missed, please ask at the front desk for your next one."
    ),
}

_HIGH = frozenset(
    {
        MessageEvent.CANCELLED_BY_EMERGENCY,
        MessageEvent.NEEDS_RESCHEDULING,
        MessageEvent.DOCTOR_UNAVAILABLE,
        MessageEvent.NO_SHOW_BLOCKED,
    }
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it will be sent."""

    title: str
    body: str
    priority: Priority


def message(event: MessageEvent, *, doctor: str, day: date, at: time, token: int) -> Message:
    """Return the words for an event of one appointment."""
    when = f"{day:%A} {day.day} {day:%B %Y} at {at:%H:%M}"
    body = _BODIES[event].format(doctor=doctor, when=when, token=token)
    return Message(_TITLES[event], body, Priority.HIGH if event in _HIGH else Priority.NORMAL)
