"""Proposes other times for many appointments at once, with as many statements for fifty as for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, local_date
from hms_web.domain.planning import NOTICE, Free, Need, Place, Proposal, Strategy, propose
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import INACTIVE, UNFINISHED, AppointmentStatus
from hms_web.models import Appointment, Doctor
from hms_web.services import affected, appointments, slot_making, slots
from hms_web.services.appointments import AppointmentView
from hms_web.services.facts import DoctorFacts


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """A free time with the name of its doctor; `is_soon` where there is little time left to tell the patient."""

    doctor_id: UUID
    doctor_name: str
    date: date
    start_time: time
    end_time: time
    starts_at: datetime
    is_soon: bool = False


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """An appointment with the time that is proposed for it, None where there is none, and others beside it."""

    appointment: AppointmentView
    place: OfferedPlace | None
    others: list[OfferedPlace]


@dataclass(frozen=True, slots=True)
class Plan:
    """Proposals, whoever has waited longest first. `gone` counts those asked for that need no attention any more.

    `free` has all the times there are by doctor, local day and time, `doctors` the names of whose they are.
    """

    strategy: Strategy
    moves: list[PlannedMove]
    gone: int
    free: frozenset[tuple[UUID, date, time]] = frozenset()
    doctors: Mapping[UUID, str] = field(default_factory=dict)


def make(session: Session, actor: Actor, appointment_ids: Sequence[UUID], strategy: Strategy, *, now: datetime) -> Plan:
    """Propose free times of the next 30 days for appointments on the affected list; nothing is changed.

    Whoever is here gets one of today; for whom a doctor sees already, none is proposed.

    Of a doctor only their own patients count. Raises Refused FORBIDDEN for people who move nobody's appointments.
    """
    affected.refuse_others(actor)
    wanted = set(appointment_ids)
    views = {
        view.id: view
        for view in appointments.by_ids(session, actor, list(wanted))
        if view.affected_cause and view.status in UNFINISHED and affected.may_see(actor, view.doctor_id)
    }
    if not views:
        return Plan(strategy, [], len(wanted))
    colleagues = _colleagues(session, {view.doctor_id for view in views.values()}, strategy)
    doctors = {*colleagues, *(key for keys in colleagues.values() for key in keys)}
    today = local_date(now, actor.zone)
    last = today + timedelta(days=BOOKING_WINDOW_DAYS)
    known = slot_making.ensure(session, actor, sorted(doctors), today, last, now=now)
    free = _free(known.values(), colleagues, today, actor, now)
    earliest = now + NOTICE
    proposals = propose(_needs(session, views.values(), now), free, strategy, earliest=earliest)
    moves = [_move(views.pop(item.appointment_id), item, known, earliest) for item in proposals]
    moves += [PlannedMove(view, None, []) for view in views.values()]
    times = frozenset(
        (place.doctor_id, place.time.day, place.time.start) for places in free.places.values() for place in places
    )
    names = {key: known[key].name for key in doctors if key in known}
    return Plan(strategy, moves, len(wanted) - len(moves), times, names)


def _move(view: AppointmentView, item: Proposal, known: dict[UUID, DoctorFacts], earliest: datetime) -> PlannedMove:
    """Return an appointment with what is proposed for it; no time is too soon for who is here."""
    soon = datetime.min.replace(tzinfo=UTC) if view.is_here else earliest
    place = _offered(item.place, known, soon) if item.place else None
    return PlannedMove(view, place, [_offered(other, known, soon) for other in item.others])


def _colleagues(session: Session, doctor_ids: set[UUID], strategy: Strategy) -> dict[UUID, list[UUID]]:
    """Return, for each doctor, the others of the department."""
    if strategy is Strategy.SAME_DOCTOR:
        return {key: [] for key in doctor_ids}
    own, other = aliased(Doctor), aliased(Doctor)
    same = (own.hospital_id == other.hospital_id) & (own.department == other.department)
    found: dict[UUID, list[UUID]] = {key: [] for key in doctor_ids}
    query = select(own.id, other.id).join(other, same).where(own.id.in_(doctor_ids)).order_by(other.id)
    for mine, theirs in session.execute(query):
        found[mine].append(theirs)
    return found


def _free(
    doctors: Iterable[DoctorFacts], colleagues: dict[UUID, list[UUID]], today: date, actor: Actor, now: datetime
) -> Free:
    """Return the free slots of doctors, by the same checks that a grid is made with."""
    places: dict[UUID, list[Place]] = {}
    room: dict[tuple[UUID, date], int] = {}
    days = [today + timedelta(days=number) for number in range(BOOKING_WINDOW_DAYS + 1)]
    for doctor in doctors:
        offered = places.setdefault(doctor.doctor_id, [])
        for day in days:
            facts = doctor.on(day)
            room[doctor.doctor_id, day] = facts.max_patients_per_day - facts.booked_count
            offered += [
                Place(stored.slot_id, doctor.doctor_id, stored.time)
                for stored in doctor.slots_on(day)
                if slots.view(doctor, facts, stored, actor, now).status is SlotStatus.AVAILABLE
            ]
    return Free(places, room, colleagues)


def _needs(session: Session, views: Iterable[AppointmentView], now: datetime) -> list[Need]:
    """Return what needs another time, with when else its patients are expected."""
    wanted = list(views)
    query = select(Appointment.id, Appointment.patient_id, Appointment.starts_at, Appointment.ends_at).where(
        Appointment.patient_id.in_({view.patient_id for view in wanted}),
        Appointment.status.not_in(INACTIVE),
        Appointment.ends_at > now,
    )
    busy = session.execute(query).all()
    return [
        Need(
            appointment_id=view.id,
            patient_id=view.patient_id,
            doctor_id=view.doctor_id,
            day=view.date,
            span=Span(view.starts_at, view.ends_at),
            waiting_since=affected.waiting_since(view),
            is_here=view.is_here,
            busy=[Span(row[2], row[3]) for row in busy if row[1] == view.patient_id and row[0] != view.id],
        )
        for view in wanted
        if view.status is not AppointmentStatus.IN_PROGRESS
    ]


def _offered(place: Place, known: dict[UUID, DoctorFacts], earliest: datetime) -> OfferedPlace:
    slot = place.time
    name, starts_at = known[place.doctor_id].name, slot.span.starts_at
    return OfferedPlace(place.doctor_id, name, slot.day, slot.start, slot.end, starts_at, starts_at < earliest)
