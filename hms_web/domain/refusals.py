"""What a rule says when it refuses: a stable code and the facts that its sentence needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    """Every reason for which a well-formed request is refused (api.md). The first fourteen lines are a booking's, in
    order.
    """

    PATIENT_NOT_FOUND = "PATIENT_NOT_FOUND"
    PATIENT_BLOCKED = "PATIENT_BLOCKED"
    PATIENT_DOUBLE_BOOKED = "PATIENT_DOUBLE_BOOKED"
    DOCTOR_NOT_FOUND = "DOCTOR_NOT_FOUND"
    DOCTOR_UNAVAILABLE = "DOCTOR_UNAVAILABLE"
    DOCTOR_INACTIVE = "DOCTOR_INACTIVE"
    DATE_IN_PAST = "DATE_IN_PAST"
    BEYOND_BOOKING_WINDOW = "BEYOND_BOOKING_WINDOW"
    HOSPITAL_HOLIDAY = "HOSPITAL_HOLIDAY"
    DOCTOR_ABSENT = "DOCTOR_ABSENT"
    OUTSIDE_SCHEDULE = "OUTSIDE_SCHEDULE"
    DURING_BREAK = "DURING_BREAK"
    NOT_A_SLOT = "NOT_A_SLOT"
    SLOT_TAKEN = "SLOT_TAKEN"
    SLOT_BLOCKED = "SLOT_BLOCKED"
    SLOT_HELD = "SLOT_HELD"
    DOCTOR_FULLY_BOOKED = "DOCTOR_FULLY_BOOKED"

    APPOINTMENT_NOT_FOUND = "APPOINTMENT_NOT_FOUND"
    SLOT_NOT_FOUND = "SLOT_NOT_FOUND"
    ABSENCE_NOT_FOUND = "ABSENCE_NOT_FOUND"
    HOLIDAY_NOT_FOUND = "HOLIDAY_NOT_FOUND"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    NOTIFICATION_NOT_FOUND = "NOTIFICATION_NOT_FOUND"
    MESSAGE_NOT_REPEATABLE = "MESSAGE_NOT_REPEATABLE"
    INVALID_TRANSITION = "INVALID_TRANSITION"
    STALE_VERSION = "STALE_VERSION"
    NOT_AFFECTED = "NOT_AFFECTED"
    PLAN_NOT_FOUND = "PLAN_NOT_FOUND"
    STAYS_CANCELLED = "STAYS_CANCELLED"
    HOSPITALS_DOING = "HOSPITALS_DOING"
    NOT_ON_REVIEW = "NOT_ON_REVIEW"
    ALERT_NOT_FOUND = "ALERT_NOT_FOUND"
    SLOT_BOOKED = "SLOT_BOOKED"
    ABSENCE_OVERLAP = "ABSENCE_OVERLAP"
    MORE_CONCERNED = "MORE_CONCERNED"
    MRN_TAKEN = "MRN_TAKEN"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    HOLIDAY_EXISTS = "HOLIDAY_EXISTS"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    WRONG_CODE = "WRONG_CODE"
    SECOND_FACTOR_NEEDED = "SECOND_FACTOR_NEEDED"
    SECOND_FACTOR_TO_SET_UP = "SECOND_FACTOR_TO_SET_UP"
    SECOND_FACTOR_EXISTS = "SECOND_FACTOR_EXISTS"
    SECOND_FACTOR_KEPT = "SECOND_FACTOR_KEPT"
    LINK_EXPIRED = "LINK_EXPIRED"
    LAST_ADMIN = "LAST_ADMIN"
    FORBIDDEN = "FORBIDDEN"
    CONSULTATION_NOT_FOUND = "CONSULTATION_NOT_FOUND"
    PARTICIPANT_NOT_FOUND = "PARTICIPANT_NOT_FOUND"
    CONSULTATION_INCOMPLETE = "CONSULTATION_INCOMPLETE"
    ALREADY_PARTICIPANT = "ALREADY_PARTICIPANT"
    WRONG_API_KEY = "WRONG_API_KEY"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    RUN_FAILED = "RUN_FAILED"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal as a value. `facts` holds what its sentence names: dates, times, names, counts; never patient data of
    others.
    """

    code: Code
    facts: Mapping[str, object] = field(default_factory=dict)


class Refused(Exception):
    """Carries a refusal out of a transaction, which it rolls back."""

    def __init__(self, code: Code, **facts: object) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, facts)


class InvalidInput(Exception):
    """Input that is wrong in itself; `errors` are pairs of field (as the JSON API names it) and sentence."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in errors))
        self.errors = errors
