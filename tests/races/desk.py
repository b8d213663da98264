"""Everything that people do at the desk of a small clinic, one after the other: each thing is done to what is there.

An operation looks for something to do with chance of its own, so that a history of operations can be lived again with
pieces of it left out, and the others still do what they can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.delivery import Answer, Outcome, Reason
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.notifications import Channel
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import (
    providers,
    slots,
)
from hms_web.services.slots import SlotView
from tests.scenes import Clinic, clinic
from tests.visit_scenes import acting

S = AppointmentStatus
SECRET = "a secret of this clinic"
AGAIN = 0.5
"""How often the appointment that something was done to is the next one too: corners are where much meets."""
WORKING = (DayOfWeek.FRIDAY, DayOfWeek.SATURDAY, DayOfWeek.SUNDAY)
BEFORE = (timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(minutes=5), timedelta(minutes=3))
"""How long before something begins or ends people look at the clock."""
ANSWERS = (Outcome(Answer.SENT), Outcome(Answer.SENT), Outcome(Answer.LATER, Reason.BROKEN, "500"))


@dataclass
class Desk:
    """The clinic, its clock, and the chance of what is done next."""

    session: Session
    here: Clinic
    now: datetime
    random: Random
    doctors: Sequence[UUID]
    patients: Sequence[UUID]
    stranger: UUID
    last: UUID | None = None

    @classmethod
    def opened(cls, session: Session, zone: str, now: datetime) -> "Desk":
        """Open a clinic of two doctors, with little time so that people meet, and three patients."""
        here = clinic(session, zone)
        doctors_here = [
            here.doctor(
                minutes=30, maximum=4, start=time(9), end=time(12), pause=(time(10), time(10, 30)), days=WORKING
            ),
            here.doctor(20, 3, time(0), time(4), None, WORKING),
        ]
        patients = [here.patient() for _ in range(3)]
        providers.put(session, here.admin, Channel.SMS, "json://sms.test/{to}", secret=SECRET, now=now)
        return cls(session, here, now, Random(0), doctors_here, patients, here.patient())

    @property
    def today(self) -> date:
        """The clinic's own day."""
        return local_date(self.now, self.here.actor.zone)

    def rows(self, question: str, **given: object) -> Sequence[Any]:
        """Ask the tables."""
        self.session.expire_all()
        found = self.session.execute(sa.text(question), given).all()
        self.session.commit()
        return found

    def one(self, question: str, **given: object) -> Any:
        """Return one of the rows; None if there is none."""
        found = self.rows(question, **given)
        return self.random.choice(found) if found else None

    def appointment(self, *statuses: str) -> Any:
        """One of the appointments in one of these statuses, of any if none is named; often the last one again."""
        question = "SELECT * FROM appointments WHERE status = ANY(:statuses) ORDER BY id"
        found = self.rows(question, statuses=list(statuses or S))
        again = [row for row in found if row.id == self.last]
        row = again[0] if again and self.random.random() < AGAIN else self.random.choice(found) if found else None
        self.last = row.id if row else self.last
        return row

    def day(self) -> date:
        """Today, tomorrow or the day after; today most of all."""
        return self.today + timedelta(days=self.random.choice([0, 0, 0, 1, 2]))

    def listed(self) -> set[UUID]:
        """Who needs another time."""
        return {row.id for row in self.rows("SELECT id FROM appointments WHERE affected_cause IS NOT NULL")}

    def slot(self) -> SlotView | None:
        """One of the slots that a grid shows."""
        doctor = self.doctors[self.random.random() < 0.35]
        found = slots.of_date(self.session, self.here.actor, doctor, self.day(), now=self.now).items
        free = [slot for slot in found if slot.status is SlotStatus.AVAILABLE]
        return self.random.choice(free if free and self.random.random() < 0.7 else found) if found else None

    def doctor_of(self, row: Any) -> Actor:
        """The doctor of an appointment, as somebody who acts."""
        return acting(self.here, row.doctor_id)
