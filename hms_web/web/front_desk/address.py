"""What an address of the front desk says: the day, the doctors shown, and what is open beside the grid."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask import request, url_for

from hms_web.web import asked

PAGE = "front_desk.page"
WEEK = "week"
# What the heads of the columns send: whose week is wanted, and which day of all.
WEEK_OF, ON_DAY = "week", "on"
# How many doctors of a large department stand on the pages before.
SKIP = "after"
SHORT = 22


class DayPart(StrEnum):
    """When of a day somebody can come."""

    ANY = "any"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which free times are looked for: with anybody of a department, from a day on (else now), at which time of day.

    `part` is None while the search is only opened and was not sent yet.
    """

    department: str | None = None
    since: date | None = None
    part: DayPart | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Wish":
        """Read it; what cannot be understood is left out."""
        part = asked.choice(DayPart, given.get("part", "")) or (DayPart.ANY if "part" in given else None)
        return cls(asked.text(given, "with"), asked.day(given, "since"), part)

    @property
    def arguments(self) -> dict[str, str]:
        """The same as arguments of an address."""
        given = {
            "with": self.department,
            "since": self.since and self.since.isoformat(),
            "part": self.part and str(self.part),
        }
        return {"find": "1"} | {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Address:
    """The state of the front desk. Everything about it stands in its address, and nothing of a patient but ids.

    `is_week` shows the week around `day` of the one doctor, instead of that day. At most one of `slot_id` (its form),
    `appointment_id` (its record; `is_cancelling` asks for the reason), `is_affected` (the list of those who need
    another time) and `wish` (the search for a free time) is open; `move_id` is the appointment that a slot is being
    looked for. `skip` is how many doctors of a large department stand on the pages before.
    """

    day: date
    department: str | None = None
    doctor_id: UUID | None = None
    slot_id: UUID | None = None
    appointment_id: UUID | None = None
    move_id: UUID | None = None
    is_cancelling: bool = False
    is_affected: bool = False
    is_week: bool = False
    wish: Wish | None = None
    skip: int = 0

    @classmethod
    def of_request(cls, today: date) -> "Address":
        """Read the present request's address; what cannot be understood is left out."""
        given = request.args
        return cls(
            day=asked.day(given, "date") or today,
            department=asked.text(given, "department"),
            doctor_id=key_of(given.get("doctor")),
            slot_id=key_of(given.get("slot")),
            appointment_id=key_of(given.get("appointment")),
            move_id=key_of(given.get("move")),
            is_cancelling="cancel" in given,
            is_affected="affected" in given,
            is_week=given.get("view") == WEEK and key_of(given.get("doctor")) is not None,
            wish=Wish.of(given) if "find" in given else None,
            skip=asked.number(given, SKIP) or 0,
        )

    def led(self) -> "Address":
        """Where the head of a column leads that was pressed; nowhere else without one."""
        doctor_id, day = key_of(request.args.get(WEEK_OF)), asked.day(request.args, ON_DAY)
        if doctor_id is not None:
            return self.week_of(doctor_id)
        return self.day_of_many(day) if day is not None else self

    def on(self, day: date) -> "Address":
        """The same doctors on another day; a move that is under way goes on."""
        return replace(self.closed(), day=day, move_id=self.move_id)

    def closed(self) -> "Address":
        """The same grid with nothing open beside it."""
        return Address(self.day, self.department, self.doctor_id, is_week=self.is_week, skip=self.skip)

    def week_of(self, doctor_id: UUID) -> "Address":
        """The week of a doctor around the same day; a move that is under way goes on."""
        return replace(self.on(self.day), doctor_id=doctor_id, is_week=True)

    def day_of_many(self, day: date) -> "Address":
        """A day of all doctors, or those of the department; a move that is under way goes on."""
        return replace(self.on(day), doctor_id=None, is_week=False)

    def skipping(self, skip: int) -> "Address":
        """The same day of the doctors after the first `skip`; a move that is under way goes on."""
        return replace(self.on(self.day), skip=max(skip, 0))

    def of_doctor(self, doctor_id: UUID) -> "Address":
        """The same day or week of one doctor; a move that is under way goes on."""
        return replace(self.on(self.day), doctor_id=doctor_id, skip=0)

    def looking(self, wish: Wish) -> "Address":
        """The same grid, with the search for a free time; a move that is under way goes on."""
        return replace(self.on(self.day), wish=wish)

    def with_slot(self, slot_id: UUID, day: date) -> "Address":
        """The same doctors, with the form of a slot; a move that is under way goes on."""
        return replace(self.on(day), slot_id=slot_id)

    def with_appointment(self, appointment_id: UUID, *, cancelling: bool = False) -> "Address":
        """The same grid, with an appointment."""
        return replace(self.closed(), appointment_id=appointment_id, is_cancelling=cancelling)

    def moving(self, appointment_id: UUID) -> "Address":
        """The same grid, to pick another slot for an appointment."""
        return replace(self.closed(), move_id=appointment_id)

    def with_affected(self) -> "Address":
        """The same grid, with the list of those who need another time."""
        return replace(self.closed(), is_affected=True)

    @property
    def grid_arguments(self) -> dict[str, str]:
        """What the grid itself depends on, as arguments of an address."""
        given = {
            "date": self.day.isoformat(),
            "department": self.department,
            "doctor": self.doctor_id and str(self.doctor_id),
            "view": WEEK if self.is_week else None,
            SKIP: str(self.skip) if self.skip else None,
        }
        return {name: value for name, value in given.items() if value}

    @property
    def arguments(self) -> dict[str, str]:
        """All of it as arguments of an address."""
        open_ones = {"slot": self.slot_id, "appointment": self.appointment_id, "move": self.move_id}
        flags = {"cancel": self.is_cancelling, "affected": self.is_affected}
        return (
            self.grid_arguments
            | {name: str(value) for name, value in open_ones.items() if value}
            | {name: "1" for name, value in flags.items() if value}
            | (self.wish.arguments if self.wish else {})
        )

    def path(self, endpoint: str = PAGE, **values: Any) -> str:  # noqa: ANN401 parts of an address
        """The address of this state, or of something that is done in it."""
        given: dict[str, Any] = self.arguments | values
        return url_for(endpoint, **given)


def short(key: UUID) -> str:
    """An id in 22 signs instead of 36: the grid holds hundreds of them. Addresses take either."""
    return urlsafe_b64encode(key.bytes)[:SHORT].decode()


def key_of(text: str | None) -> UUID | None:
    """Read an id, short or long; None for what is none."""
    with suppress(ValueError):
        if text and len(text) == SHORT:
            return UUID(bytes=urlsafe_b64decode(text + "=="))
        return UUID(text) if text else None
    return None
