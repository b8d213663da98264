"""What is done about one visit and when: the vocabulary of the demo's season."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import IntEnum

from hms_web.domain.schedules import DayHours
from hms_web.domain.slots import SlotTime
from hms_web.domain.vitals import Readings
from hms_web.services.demo_season.words import Complaint


class Kind(IntEnum):
    """What is done; of deeds at one instant the smaller comes first, the sweep before everything else."""

    SWEEP = 0
    BOOK = 1
    CONFIRM = 2
    CANCEL = 3
    CALL_OFF = 4
    MISS = 5
    CHECK_IN = 6
    REVERT = 7
    VITALS = 8
    START = 9
    WRITE = 10
    COMPLETE = 11


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that is done at an instant; `words` are what somebody says about it, where anybody does."""

    at: datetime
    kind: Kind
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One visit from its booking to its end. Doctor, patient and receptionist are places in the demo's lists."""

    doctor: int
    patient: int
    desk: int
    is_follow_up: bool
    slot: SlotTime
    minutes: int
    complaint: Complaint
    readings: Readings
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class Practice:
    """A doctor as the season needs to know them: slot length in minutes, weekly hours, department."""

    minutes: int
    week: tuple[DayHours, ...]
    department: str


@dataclass(frozen=True, slots=True)
class Closure:
    """Local days, or hours of one, on which a doctor (None: the hospital) is not there, and since when that is known.

    Nothing is booked into it from then on, and what is booked already waits for somebody to see to it.
    """

    doctor: int | None
    first: date
    last: date
    known_from: datetime
    hours: tuple[time, time] | None = None

    def covers(self, doctor: int, slot: SlotTime) -> bool:
        """Whether a doctor's slot lies in it."""
        if self.doctor not in {None, doctor} or not self.first <= slot.day <= self.last:
            return False
        return self.hours is None or (slot.start < self.hours[1] and self.hours[0] < slot.end)
