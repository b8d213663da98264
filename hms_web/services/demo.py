"""A hospital to try things out in: "City Clinic", with a season behind it and a working day in progress.

What happened until now is invented and written at once (services/demo_season, decision 0076); what is special about
today goes through the same use cases as in real life. The passwords are public, so this is for demos only; the command
that calls it sees to that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceType
from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.delivery import Reason
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import first_instant, local_date
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.schedules import hours_on
from hms_web.domain.slots import slots_of_day
from hms_web.models import Hospital, Notification
from hms_web.services import (
    absences,
    demo_house,
    holidays,
    outbox,
    slot_keeping,
    slot_writing,
    slots,
    unit_of_work,
)
from hms_web.services.demo_house import PASSWORD
from hms_web.services.demo_season import history, invention, loading
from hms_web.services.demo_season.deeds import Closure, Course, Practice
from hms_web.services.demo_season.invention import Season
from hms_web.services.demo_season.rows import Cast
from hms_web.services.outbox import PatientNotice

__all__ = ["PASSWORD", "seed", "seed_if_empty"]

PATIENTS = 1_600
SEASON_DAYS = 63
SEED = 7
_A_DAY = timedelta(days=1)
_OPENING, _MORNING, _EVENING = time(7, 30), time(7, 45), time(16, 20)
_AFTERNOON = time(14), time(17)
_WEDNESDAY = 2


@dataclass(frozen=True, slots=True)
class _Leave:
    """A doctor's leave, as a closure for the season and in the words of its entry."""

    closure: Closure
    kind: AbsenceType
    reason: str


@dataclass(frozen=True, slots=True)
class _Holiday:
    """A day on which the hospital is closed."""

    closure: Closure
    name: str
    description: str


def seed_if_empty(session: Session, *, now: datetime) -> Actor | None:
    """Make the demo, as `seed` does, where people work at that hour; None where there is a hospital already."""
    if session.scalar(select(Hospital.id).limit(1)) is not None:
        return None
    return seed(session, now=now, zone=demo_house.zone_at_work(now))


def seed(session: Session, *, now: datetime, zone: ZoneInfo = demo_house.ZONE) -> Actor:
    """Make the demo, all or nothing; return the actor for what the product does in it.

    Raises Refused EMAIL_TAKEN where it exists already.
    """
    return unit_of_work.run(session, lambda: _Demo(session, now, zone).make())


class _Demo:
    """The making of one demo, inside a unit of work."""

    def __init__(self, session: Session, now: datetime, zone: ZoneInfo) -> None:
        self.session, self.now, self.zone = session, now, zone
        self.today = local_date(now, self.zone)
        self.opened = self.today - timedelta(days=SEASON_DAYS)
        opening = self._at(self.opened, _OPENING)
        self.house = demo_house.open_house(session, PATIENTS, opened=opening, today=self.today, zone=zone)

    def make(self) -> Actor:
        """Fill the hospital."""
        leaves, closed_days = list(self._leaves()), list(self._holidays())
        closures = [known.closure for known in leaves] + [known.closure for known in closed_days]
        loading.write_slots(self.session, self._slots(closures))
        self._load(closures)
        for holiday in closed_days:
            self._enter_holiday(holiday)
        for leave in leaves:
            self._enter_leave(leave)
        self._settle_messages()
        self._block_one()
        # No job has had anything to run in before now; else its silence of nine weeks would be an alarm.
        mine = Hospital.id == self.house.system.hospital_id
        self.session.execute(update(Hospital).where(mine).values(created_at=self.now))
        return self.house.system

    def _at(self, day: date, clock: time) -> datetime:
        return first_instant(day, clock, self.zone)

    def _in(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def _leaves(self) -> list[_Leave]:
        """Return two leaves that are over, one that begins tomorrow, and one for this afternoon."""
        early, yesterday = self._at(self.opened + _A_DAY, _EVENING), self._at(self._in(-1), _EVENING)
        found = [
            _Leave(Closure(3, self._in(-26), self._in(-22), early), AbsenceType.ANNUAL_LEAVE, "Family visit"),
            _Leave(Closure(7, self._in(-12), self._in(-11), early + _A_DAY), AbsenceType.CONFERENCE, "Congress"),
            _Leave(Closure(6, self._in(1), self._in(2), yesterday), AbsenceType.SICK_LEAVE, "Influenza"),
        ]
        known_from = min(self.now, self._at(self.today, _MORNING))
        for place in self._working()[2:3]:
            closure = Closure(place, self.today, self.today, known_from, _AFTERNOON)
            found.append(_Leave(closure, AbsenceType.TRAINING, "Resuscitation course"))
        return found

    def _holidays(self) -> list[_Holiday]:
        """Return a Wednesday about five weeks ago, and a day to come on which some people have appointments."""
        past = self._in(-30)
        past -= timedelta(days=(past.weekday() - _WEDNESDAY) % 7)
        early, yesterday = self._at(self.opened + 2 * _A_DAY, _EVENING), self._at(self._in(-1), _EVENING)
        return [
            _Holiday(Closure(None, past, past, early), "Harvest Festival", "The clinic is closed."),
            _Holiday(
                Closure(None, self._in(17), self._in(17), yesterday),
                "Founders' Day",
                "The clinic is closed; emergencies only.",
            ),
        ]

    def _working(self) -> list[int]:
        """Return the places of the doctors who work today."""
        return [
            place
            for place, doctor in enumerate(self.house.doctors)
            if hours_on(self.today, doctor.schedules) is not None
        ]

    def _slots(self, closures: Sequence[Closure]) -> list[dict[str, object]]:
        """Return the slots that every night has made since the opening: none on holidays known before."""
        days = [self.opened + timedelta(days=ahead) for ahead in range(SEASON_DAYS + BOOKING_WINDOW_DAYS + 1)]
        closed = {day for day in days for one in closures if one.doctor is None and one.first == day < self.today}
        return [
            slot_writing.row_of(self.house.system.hospital_id, doctor.id, slot)
            for day in days
            if day not in closed
            for doctor in self.house.doctors
            for slot in slots_of_day(day, hours_on(day, doctor.schedules), doctor.slot_duration, self.zone)
        ]

    def _courses(self, closures: Sequence[Closure]) -> list[Course]:
        practices = [Practice(one.slot_duration, one.schedules, one.department) for one in self.house.doctors]
        season = Season(self.zone, self.opened, self.now, self.today, practices, self.house.ages, closures)
        return invention.courses(season, SEED)

    def _load(self, closures: Sequence[Closure]) -> None:
        house, hospital_id = self.house, self.house.system.hospital_id
        cast = Cast(house.system, house.nurse, house.desks, house.doctor_actors, house.patient_ids)
        voice = outbox.voice_of(self.session, hospital_id, [])

        def told(notice: PatientNotice, at: datetime) -> list[dict[str, object]]:
            return list(outbox.rows_for(voice, hospital_id, [notice], at))

        phoned_before = self._at(self._in(-1), time(12))
        rows = history.tell(cast, self._courses(closures), told, now=self.now, phoned_before=phoned_before)
        loading.write(self.session, cast, rows)

    def _enter_holiday(self, known: _Holiday) -> None:
        wanted = holidays.NewHoliday(known.name, known.closure.first, description=known.description)
        holidays.create(self.session, self.house.admin, wanted, now=known.closure.known_from)

    def _enter_leave(self, known: _Leave) -> None:
        closure = known.closure
        start, end = closure.hours or (None, None)
        wanted = absences.NewAbsence(
            known.kind,
            closure.first,
            closure.last,
            is_full_day=closure.hours is None,
            start_time=start,
            end_time=end,
            reason=known.reason,
        )
        doctor_id = self.house.doctors[closure.doctor or 0].id
        absences.create(self.session, self.house.admin, doctor_id, wanted, now=closure.known_from)

    def _settle_messages(self) -> None:
        """Let the messages that the entries have just written be what delivery makes of them without a provider."""
        self.session.execute(
            update(Notification)
            .where(
                Notification.hospital_id == self.house.system.hospital_id,
                Notification.state == DeliveryState.QUEUED,
            )
            .values(state=DeliveryState.NOT_CONFIGURED, last_error=str(Reason.NO_PROVIDER), next_attempt_at=None)
            .execution_options(synchronize_session=False)
        )

    def _block_one(self) -> None:
        """Close the next free slot of one of today's doctors."""
        doctor = self.house.doctors[next(iter(self._working()[1:]), 0)]
        free = slots.available(self.session, self.house.admin, doctor.id, now=self.now)
        slot_keeping.block(
            self.session, self.house.admin, free[0].id, blocked=True, reason="Department meeting", now=self.now
        )
