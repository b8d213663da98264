"""A doctor who is away on a day with patients, and colleagues who are not."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Actor, Role
from hms_web.domain.planning import Strategy
from hms_web.models import Doctor, new_id
from hms_web.services import absences, affected_batches, affected_plans, affected_undo, appointments
from hms_web.services.absences import NewAbsence
from hms_web.services.affected_batches import Step
from hms_web.services.affected_records import BatchView
from hms_web.services.appointments import AppointmentView
from tests import invariants
from tests.scenes import MONDAY, NOW, Clinic

TUESDAY = MONDAY + timedelta(days=1)
EITHER = Strategy.SAME_DOCTOR_ELSE_COLLEAGUE


@dataclass
class Ill:
    """A doctor on leave on Monday over some patients at ten, half past ten and so on, and a colleague."""

    here: Clinic
    doctor: UUID
    colleague: UUID
    absence: UUID
    booked: list[AppointmentView]

    @property
    def ids(self) -> list[UUID]:
        return [view.id for view in self.booked]

    def now(self, number: int) -> AppointmentView:
        """An appointment as it stands."""
        return views(self.here, [self.ids[number]])[0]

    def steps(self, *, strategy: Strategy = EITHER, at: datetime = NOW) -> list[Step]:
        """The steps of a proposal for all of them."""
        plan = affected_plans.make(self.here.session, self.here.actor, self.ids, strategy, now=at)
        return [
            Step(
                move.appointment.id,
                AffectedAction.MOVE,
                move.appointment.version,
                move.place.doctor_id,
                move.place.date,
                move.place.start_time,
            )
            for move in plan.moves
            if move.place
        ]

    def move(self, number: int, at: time, day: date = TUESDAY, doctor: UUID | None = None) -> Step:
        view = self.now(number)
        return Step(view.id, AffectedAction.MOVE, view.version, doctor or self.doctor, day, at)

    def other(self, number: int, action: AffectedAction) -> Step:
        view = self.now(number)
        return Step(view.id, action, view.version)

    def apply(self, *steps: Step, actor: Actor | None = None, batch: UUID | None = None) -> BatchView:
        return affected_batches.apply(
            self.here.session, actor or self.here.actor, batch or new_id(), steps, reason="Ill", now=NOW
        )

    def undo(self, batch: BatchView, *, at: datetime = NOW) -> BatchView:
        return affected_undo.undo(self.here.session, self.here.actor, batch.id, now=at)

    def doctor_actor(self, doctor: UUID) -> Actor:
        """A doctor, who acts for themselves."""
        user = self.here.session.scalar(sa.select(Doctor.user_id).where(Doctor.id == doctor))
        return replace(self.here.actor, user_id=user, name="Doctor", role=Role.DOCTOR, doctor_id=doctor)

    def check(self) -> None:
        """Everything is sound."""
        self.here.session.commit()
        invariants.check(self.here.session.connection())
        self.here.session.rollback()


def views(here: Clinic, ids: list[UUID]) -> list[AppointmentView]:
    here.session.expire_all()
    found = appointments.by_ids(here.session, here.actor, ids)
    here.session.rollback()
    return found


def away(here: Clinic, doctor: UUID, first: date = MONDAY, hours: tuple[time, time] | None = None) -> UUID:
    """Enter leave."""
    start, end = hours or (None, None)
    wanted = NewAbsence(AbsenceType.ANNUAL_LEAVE, first, first, hours is None, start, end)
    effect = absences.create(here.session, here.admin, doctor, wanted, now=NOW)
    assert effect.absence
    return effect.absence.id


def ill(here: Clinic, count: int = 3) -> Ill:
    """Open such a clinic."""
    doctor, colleague = here.doctor(), here.doctor()
    times = [time(10 + number // 2, 30 * (number % 2)) for number in range(count)]
    booked = [here.book(doctor, here.patient(), at) for at in times if at.hour != 13]
    return Ill(here, doctor, colleague, away(here, doctor), booked)
