"""Who acts: roles, and the facts of a signed-in person that rules ask for."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from hms_web.domain.phrases import phrase

# A session ends so long after the last thing that was done (a poll is none), and so long after signing in at most.
IDLE_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
TOKEN_LASTS = timedelta(hours=12)
# So long the second step of signing in may take.
FACTOR_AWAITED = timedelta(minutes=10)


class Role(StrEnum):
    """The four roles of a hospital's users (product.md, Words)."""

    ADMIN = "ADMIN"
    DOCTOR = "DOCTOR"
    NURSE = "NURSE"
    RECEPTIONIST = "RECEPTIONIST"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or job on whose behalf a use case runs; everything it reads or writes lies inside `hospital_id`.

    `user_id` is None for a job. `doctor_id` is set for users who are doctors.
    """

    hospital_id: UUID
    timezone: str
    user_id: UUID | None
    name: str
    role: Role | None
    doctor_id: UUID | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return ZoneInfo(self.timezone)

    def may_manage_doctor(self, doctor_id: UUID) -> bool:
        """Whether this person may change a doctor's schedule, slots and absences: an admin any, a doctor their own."""
        return self.role is Role.ADMIN or (self.role is Role.DOCTOR and self.doctor_id == doctor_id)


def role_mistake(before: Role | None, after: Role) -> str | None:
    """Say why a user cannot be given a role; a doctor's account is made, and kept, together with the doctor."""
    if before is after or Role.DOCTOR not in (before, after):
        return None
    if before is Role.DOCTOR:
        return phrase("A doctor's account stays a doctor's. Deactivate it, and make a new one for another role.")
    return phrase("Doctors are added on the doctors' page, with their department and slot length.")


def timezone_mistake(name: str) -> str | None:
    """Say what is wrong with the name of a time zone."""
    return None if name in available_timezones() else phrase("Name a time zone like Asia/Kolkata or Europe/London.")
