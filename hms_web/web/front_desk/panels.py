"""What stands beside the grid: the form of a slot, an appointment, a move under way, or a hint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import first_instant, local_date
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import UPCOMING, AppointmentStatus, may_set_by_hand
from hms_web.services import affected_list, appointments, doctors, patients, slot_keeping
from hms_web.services.appointments import AppointmentFilter, AppointmentView
from hms_web.services.patients import PatientView
from hms_web.services.slots import SlotView
from hms_web.web import affected_parts, refusals
from hms_web.web.affected_parts import Shown
from hms_web.web.front_desk import finding
from hms_web.web.front_desk.address import Address
from hms_web.web.front_desk.finding import Offer, Search, offers
from hms_web.web.front_desk.forms import BookingForm, MoveForm

MOST_UPCOMING = 5
MOST_AFFECTED = 50
# What stands in a doctor's way altogether: then other doctors' times are the help.
DOCTOR_WIDE = frozenset({Code.DOCTOR_NOT_FOUND, Code.DOCTOR_UNAVAILABLE, Code.DOCTOR_INACTIVE, Code.DOCTOR_ABSENT})


@dataclass(frozen=True, slots=True)
class Place:
    """A doctor's time, as the head of a form names it."""

    doctor_id: UUID
    doctor_name: str
    day: date
    start: time
    slot_id: UUID | None = None
    block_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was refused, and the next free times."""

    sentence: str
    offers: Sequence[Offer] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal of a doctor's time in its own words."""

    code: Code
    sentence: str
    doctor_id: UUID


@dataclass(slots=True, kw_only=True)
class Panel:
    """What is open beside the grid; `kind` names its template, which says what else it needs."""

    kind: str = "empty"
    place: Place | None = None
    form: BookingForm | None = None
    move_form: MoveForm | None = None
    appointment: AppointmentView | None = None
    patient: PatientView | None = None
    found: Sequence[PatientView] | None = None
    duplicates: Sequence[PatientView] = ()
    # The next appointments of the patient who is chosen; None when nobody is.
    upcoming: Sequence[AppointmentView] | None = None
    patient_id: UUID | None = None
    affected: Sequence[Shown] = ()
    affected_count: int = 0
    trouble: Trouble | None = None
    typed: str = ""
    search: Search | None = None
    next_statuses: frozenset[AppointmentStatus] = field(default_factory=frozenset)
    may_block: bool = False
    # Whether the patient that is typed or chosen in the page stays when the panel is replaced.
    keeps_person: bool = True

    def __post_init__(self) -> None:
        """Where a patient can be chosen before the slot, the fields for it are there."""
        if self.form is None and self.kind in {"empty", "refused", "finder"}:
            self.form = BookingForm(formdata=None)

    @property
    def is_upcoming(self) -> bool:
        """Whether the appointment can still be moved."""
        return self.appointment is not None and self.appointment.status in UPCOMING


def of_address(session: Session, actor: Actor, address: Address, shown: Sequence[UUID], *, now: datetime) -> Panel:
    """Open what an address says; what is not there any more is a refusal and not an error page."""
    if address.wish is not None:
        return Panel(kind="finder", search=finding.look(session, actor, address.wish, now=now))
    try:
        return _of_record(session, actor, address, shown, now) or _of_hospital(session, actor, address, now)
    except Refused as refused:
        return Panel(kind="refused", trouble=trouble(session, actor, refused.refusal, shown, now=now))


def _of_record(session: Session, actor: Actor, address: Address, shown: Sequence[UUID], now: datetime) -> Panel | None:
    if address.move_id is not None:
        return _moving(session, actor, address, now)
    if address.slot_id is not None:
        return _slot(session, actor, address.slot_id, shown, now)
    return appointment(session, actor, address) if address.appointment_id is not None else None


def _of_hospital(session: Session, actor: Actor, address: Address, now: datetime) -> Panel:
    if not address.is_affected:
        return Panel()
    found = affected_list.listed(session, actor, most=MOST_AFFECTED, today=local_date(now, actor.zone))
    shown = [affected_parts.part(one.group, one.count, one.group.items) for one in found.groups]
    return Panel(kind="affected", affected=shown, affected_count=found.total)


def appointment(session: Session, actor: Actor, address: Address, trouble: Trouble | None = None) -> Panel:
    """An appointment with its patient, or the question why it is cancelled. Raises Refused APPOINTMENT_NOT_FOUND."""
    assert address.appointment_id is not None  # noqa: S101 asked by the caller
    view = appointments.get(session, actor, address.appointment_id)
    return Panel(
        kind="cancelling" if address.is_cancelling else "appointment",
        appointment=view,
        patient=patients.get(session, actor, view.patient_id),
        next_statuses=frozenset(then for then in AppointmentStatus if may_set_by_hand(view.status, then)),
        trouble=trouble,
    )


def place_of(session: Session, actor: Actor, slot: SlotView) -> Place:
    """Name a slot's doctor and time."""
    doctor = doctors.get(session, actor, slot.doctor_id)
    reason = slot.block_reason if slot.block_reason != Code.SLOT_BLOCKED else None
    return Place(doctor.id, doctor.name, slot.date, slot.start_time, slot.id, reason)


def _slot(session: Session, actor: Actor, slot_id: UUID, shown: Sequence[UUID], now: datetime) -> Panel:
    slot = slot_keeping.get(session, actor, slot_id, now=now)
    place = place_of(session, actor, slot)
    may_block = actor.may_manage_doctor(slot.doctor_id)
    if slot.appointment_id is not None:
        return appointment(session, actor, Address(slot.date, appointment_id=slot.appointment_id))
    if slot.refusal is None:
        return Panel(kind="booking", place=place, form=booking_form(place), may_block=may_block)
    if may_block and slot.status is SlotStatus.BLOCKED and slot.refusal.code is Code.SLOT_BLOCKED:
        return Panel(kind="blocked", place=place)
    return Panel(kind="refused", place=place, trouble=trouble(session, actor, slot.refusal, shown, slot=slot, now=now))


def booking_form(place: Place) -> BookingForm:
    """An empty form for a time."""
    return BookingForm(formdata=None, doctor_id=place.doctor_id, date=place.day, time=place.start)


def _moving(session: Session, actor: Actor, address: Address, now: datetime) -> Panel:
    assert address.move_id is not None  # noqa: S101 asked by the caller
    view = appointments.get(session, actor, address.move_id)
    if address.slot_id is None:
        return Panel(kind="moving", appointment=view)
    slot = slot_keeping.get(session, actor, address.slot_id, now=now)
    place = place_of(session, actor, slot)
    form = MoveForm(
        formdata=None, doctor_id=place.doctor_id, date=place.day, time=place.start, version=str(view.version)
    )
    refused = slot.refusal if slot.appointment_id != view.id else None
    helps = trouble(session, actor, refused, [place.doctor_id], slot=slot, now=now) if refused else None
    return Panel(kind="move", appointment=view, place=place, move_form=form, trouble=helps)


def trouble(
    session: Session,
    actor: Actor,
    refusal: Refusal,
    shown: Sequence[UUID],
    *,
    now: datetime,
    slot: SlotView | None = None,
    place: Place | None = None,
) -> Trouble:
    """Put a refusal into words, with the doctor's next free times, or those of all shown where that one is away."""
    own = slot.doctor_id if slot else place.doctor_id if place else None
    after = slot.starts_at if slot else start_at(actor, place) if place else None
    return Trouble(
        refusals.sentence(refusal),
        offers(session, actor, _who_could(refusal.code, own, shown), now=now, after=after),
    )


def start_at(actor: Actor, place: Place) -> datetime:
    """When a place's time begins."""
    return first_instant(place.day, place.start, actor.zone)


def trouble_of(
    session: Session, actor: Actor, told: Told, shown: Sequence[UUID], *, now: datetime, after: datetime | None = None
) -> Trouble:
    """As `trouble`, for a refusal that was put into words when it was first given."""
    who = _who_could(told.code, told.doctor_id, shown)
    return Trouble(told.sentence, offers(session, actor, who, now=now, after=after))


def _who_could(code: Code, own: UUID | None, shown: Sequence[UUID]) -> list[UUID]:
    """Return whose times are of use instead: none are to somebody who is blocked."""
    if code is Code.PATIENT_BLOCKED:
        return []
    return list(shown) if own is None or code in DOCTOR_WIDE else [own]


def start_of(session: Session, actor: Actor, slot_id: UUID | None, *, now: datetime) -> datetime | None:
    """When a slot begins; None for one that is not there (any more)."""
    try:
        return slot_keeping.get(session, actor, slot_id, now=now).starts_at if slot_id else None
    except Refused:
        return None


def upcoming(session: Session, actor: Actor, patient_id: UUID, *, now: datetime) -> list[AppointmentView]:
    """A patient's next appointments, from today on."""
    today = now.astimezone(actor.zone).date()
    wanted = AppointmentFilter(patient_id=patient_id, first=today, statuses=tuple(UPCOMING))
    return list(appointments.search(session, actor, wanted, limit=MOST_UPCOMING, cursor=None).items)
