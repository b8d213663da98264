"""Invented people and days for the style guide: every state of a component, put into words by the code of the pages."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from flask_babel import lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, StringField

from hms_web.domain.affected import AffectedCause
from hms_web.domain.alerts import AlertStatus, AlertType
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, first_instant, local_date
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.models import new_id
from hms_web.services.alert_board import AlertView
from hms_web.services.appointments import AppointmentView
from hms_web.services.board import BoardRow
from hms_web.services.facts import Taken
from hms_web.services.slots import DaySlots, SlotView
from hms_web.web import choices
from hms_web.web.forms import Form
from hms_web.web.histories import Step

DOCTOR, COLLEAGUE, DEPARTMENT = "Dr. Asha Raghunathan-Krishnamurthy", "Dr. Li", "Cardiology"
PEOPLE = ("Asha Sharma", "Ravi Iyer", "Meera Nair", "Maria Silva", "Thandiwe Mensah", "Soo-jin Sato", "Omar Malik")
MINUTES = 30
QUARTER = timedelta(minutes=15)


class SampleForm(Form):
    """A field of each kind."""

    line = StringField(lazy_gettext("Name"))
    choice = SelectField(lazy_gettext("Department"), choices=choices.of({DEPARTMENT: DEPARTMENT}))
    check = BooleanField(lazy_gettext("It is somebody else: add a new patient"))
    one_of = RadioField(
        lazy_gettext("Time of day"),
        choices=choices.of({"morning": lazy_gettext("mornings"), "evening": lazy_gettext("from 17:00")}),
    )


class WrongForm(SampleForm):
    """The same with mistakes."""

    wrong_line = StringField(lazy_gettext("Phone"))
    wrong_check = BooleanField(lazy_gettext("Confirm"))


@dataclass(frozen=True, slots=True)
class Samples:
    """Makes samples around an instant, as somebody sees them."""

    actor: Actor
    now: datetime

    def appointment(
        self, number: int, status: AppointmentStatus, cause: AffectedCause | None = None
    ) -> AppointmentView:
        """Somebody's appointment, a quarter of an hour after the one before."""
        starts_at = self.now + number * QUARTER
        at = starts_at.astimezone(self.actor.zone)
        return AppointmentView(
            id=new_id(),
            patient_id=new_id(),
            patient_name=PEOPLE[number % len(PEOPLE)],
            patient_mrn=f"{number:06}",
            patient_phone=None,
            doctor_id=UUID(int=1),
            doctor_name=DOCTOR,
            department=DEPARTMENT,
            date=at.date(),
            start_time=at.time().replace(microsecond=0),
            end_time=at.time().replace(microsecond=0),
            starts_at=starts_at,
            ends_at=starts_at + QUARTER,
            status=status,
            type=AppointmentType.CONSULTATION,
            reason=None,
            notes=None,
            checked_in_at=self.now,
            vitals_recorded_at=None,
            token_number=number + 1,
            version=1,
            affected_cause=cause,
            affected_at=None,
            kept_cause=None,
            cancel_reason=None,
            created_at=self.now,
            created_by_id=None,
            created_by=None,
        )

    def appointments(self) -> list[AppointmentView]:
        """One in each state, and one that needs another time."""
        found = [self.appointment(number, status) for number, status in enumerate(AppointmentStatus)]
        return [*found, self.appointment(len(found), AppointmentStatus.SCHEDULED, AffectedCause.ABSENCE)]

    def steps(self) -> list[Step]:
        """What was done to a record."""
        return [Step(self.now, DOCTOR, str(lazy_gettext("Appointment moved")))]

    def days(self) -> list[DaySlots]:
        """Two doctors' days: a slot in each state, and a day that is full."""
        states: list[tuple[SlotStatus, Code | None]] = [
            (SlotStatus.PAST, None),
            *((SlotStatus.BOOKED, None) for _ in range(6)),
            (SlotStatus.AVAILABLE, None),
            (SlotStatus.HELD, None),
            (SlotStatus.BLOCKED, Code.SLOT_BLOCKED),
            (SlotStatus.BLOCKED, Code.DOCTOR_ABSENT),
            (SlotStatus.AVAILABLE, None),
        ]
        slots = [self._slot(number, status, code) for number, (status, code) in enumerate(states)]
        mine = self._slot(len(slots), SlotStatus.HELD, None, self.actor.user_id)
        full = [self._slot(number, SlotStatus.BLOCKED, Code.DOCTOR_FULLY_BOOKED) for number in range(4)]
        return [self._day(1, DOCTOR, [*slots, mine]), self._day(2, COLLEAGUE, full)]

    def _day(self, number: int, name: str, items: list[SlotView]) -> DaySlots:
        return DaySlots(
            doctor_id=UUID(int=number),
            doctor_name=name,
            department=DEPARTMENT,
            slot_duration=MINUTES,
            date=local_date(self.now, self.actor.zone),
            items=items,
            closed_reason=None,
            closed_note=None,
            hours=None,
            booked_count=len(items),
            max_patients_per_day=len(items) if number > 1 else len(items) + 1,
            is_available=True,
            is_active=True,
        )

    def _slot(self, number: int, status: SlotStatus, code: Code | None, holder: UUID | None = None) -> SlotView:
        day, at = local_date(self.now, self.actor.zone), time(9 + number // 2, number % 2 * MINUTES)
        starts_at = first_instant(day, at, self.actor.zone)
        ends_at = starts_at + timedelta(minutes=MINUTES)
        stages = list(AppointmentStatus)
        taken = Taken(
            appointment_id=UUID(int=number + 1),
            patient_id=UUID(int=number + 1),
            patient_name=PEOPLE[number % len(PEOPLE)],
            day=day,
            start=at,
            end=at,
            span=Span(starts_at, ends_at),
            status=stages[number % 5],
            is_affected=number == len(PEOPLE) - 1,
            has_vitals=False,
        )
        return SlotView(
            id=UUID(int=number + 1),
            doctor_id=UUID(int=1),
            date=day,
            start_time=at,
            end_time=at,
            starts_at=starts_at,
            ends_at=ends_at,
            status=status,
            refusal=Refusal(code) if code else None,
            block_reason=None,
            taken=taken if status is SlotStatus.BOOKED else None,
            held_by=COLLEAGUE,
            held_by_id=holder,
            held_until=None,
        )

    def board_rows(self) -> list[BoardRow]:
        """Somebody at each stage, and somebody who waits too long."""
        waits = {AppointmentStatus.CHECKED_IN: timedelta(hours=2)}
        return [
            BoardRow(
                appointment_id=view.id,
                version=1,
                patient_id=view.patient_id,
                patient_name=view.patient_name,
                patient_mrn=view.patient_mrn,
                doctor_id=view.doctor_id,
                doctor_name=view.doctor_name,
                department=view.department,
                start_time=view.start_time,
                starts_at=view.starts_at - waits.get(view.status, timedelta()),
                slot_minutes=MINUTES,
                status=view.status,
                reason=None,
                token_number=view.token_number,
                checked_in_at=self.now - waits.get(view.status, timedelta()),
                vitals_recorded_at=None,
                is_affected=view.affected_cause is not None,
                consultation_id=None,
                seen_since=self.now,
                done_at=self.now,
                has_alert=view.status in waits,
            )
            for view in self.appointments()
        ]

    def alerts(self) -> list[AlertView]:
        """One that nobody is on, and one that somebody is."""
        return [self._alert(1, AlertStatus.ACTIVE), self._alert(2, AlertStatus.ACKNOWLEDGED)]

    def _alert(self, number: int, status: AlertStatus) -> AlertView:
        return AlertView(
            id=new_id(),
            appointment_id=new_id(),
            patient_id=new_id(),
            patient_name=PEOPLE[number],
            patient_mrn=f"{number:06}",
            doctor_id=UUID(int=1),
            doctor_name=DOCTOR,
            department=DEPARTMENT,
            token_number=number,
            starts_at=self.now - QUARTER,
            alert_type=list(AlertType)[number % 2],
            status=status,
            message="",
            waiting_since=self.now - 3 * QUARTER,
            created_at=self.now,
            acknowledged_by=COLLEAGUE,
            acknowledged_at=self.now,
            resolved_by=None,
            resolved_at=None,
            resolve_note=None,
        )
