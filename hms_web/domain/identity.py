"""Who acts: roles, and the facts of a signed-in person that rules ask for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


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
