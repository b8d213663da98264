"""A wanted time: the slot there, what the checks need to know of it, and the columns an appointment takes from it."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.booking import BookingFacts, DoctorDay, Hold, PatientFacts, Wanted
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, first_instant, local_date
from hms_web.models import DoctorSlot, TokenCounter
from hms_web.services import bulk, slot_making
from hms_web.services.facts import DoctorFacts, StoredSlot
from hms_web.services.locks import LockedPatient


@dataclass(frozen=True, slots=True)
class DoctorThen:
    """A doctor on the day of a wanted time: what the checks ask, and what an appointment says of who it is with."""

    doctor_id: UUID
    name: str
    department: str
    slot_duration: int
    day: DoctorDay


@dataclass(frozen=True, slots=True)
class Place:
    """A wanted time with what is known about it."""

    doctor: DoctorThen | None
    slot: StoredSlot | None
    wanted: Wanted

    @property
    def minutes(self) -> int:
        """The length of the wanted time."""
        return round((self.wanted.span.ends_at - self.wanted.span.starts_at).total_seconds() / 60)


def doctor_then(doctor: DoctorFacts, day: date, *, without: UUID | None = None) -> DoctorThen:
    """Return a doctor whose days are known as they are on one of them, not counting the appointment `without`."""
    then = doctor.on(day, without=without)
    return DoctorThen(doctor.doctor_id, doctor.name, doctor.department, doctor.slot_duration, then)


def find(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    day: date,
    at: time,
    now: datetime,
    *,
    without: UUID | None = None,
) -> Place:
    """Find the slot that starts at a local time; the day's slots are made if it has none yet.

    The appointment `without` does not count.
    """
    doctor = slot_making.ensure(session, actor, [doctor_id], day, day, now=now).get(doctor_id)
    if doctor is None:
        return place_of(actor, None, None, day, at)
    slot = next((slot for slot in doctor.slots_on(day) if slot.time.start == at), None)
    return place_of(actor, doctor_then(doctor, day, without=without), slot, day, at)


def place_of(actor: Actor, doctor: DoctorThen | None, slot: StoredSlot | None, day: date, at: time) -> Place:
    """Return a wanted time, as long as the slot that starts then; where there is none, as one of the doctor's."""
    if slot is not None:
        return Place(doctor, slot, Wanted(day, slot.time.start, slot.time.end, slot.time.span))
    minutes = doctor.slot_duration if doctor else 1
    starts_at = first_instant(day, at, actor.zone)
    end = (datetime.combine(day, at) + timedelta(minutes=minutes)).time()
    return Place(doctor, None, Wanted(day, at, max(at, end), Span(starts_at, starts_at + timedelta(minutes=minutes))))


def facts_of(  # noqa: PLR0913 the facts of fourteen checks come from several places
    session: Session,
    actor: Actor,
    patient_id: UUID,
    patient: LockedPatient | None,
    place: Place,
    *,
    now: datetime,
    overlook_block: bool,
    without: UUID | None = None,
    hold_token: str | None = None,
    busy: Sequence[Span] | None = None,
) -> BookingFacts:
    """Return what the checks look at; `patient` is None for an unknown one.

    When the patient is `busy` is asked for unless it is known, not counting the appointment `without`.
    """
    person = None
    if patient is not None:
        spans = _busy(session, patient_id, place.wanted.span, without) if busy is None else busy
        person = PatientFacts(patient.status, spans, patient.blocked_reason)
    return BookingFacts(
        wanted=place.wanted,
        today=local_date(now, actor.zone),
        patient=person,
        doctor=place.doctor.day if place.doctor else None,
        is_slot=place.slot is not None,
        hold=_hold_of_others(place.slot, hold_token),
        user_id=actor.user_id,
        overlook_block=overlook_block,
    )


def _hold_of_others(slot: StoredSlot | None, hold_token: str | None) -> Hold | None:
    """Return a slot's hold, unless whoever asks proves with its token that it is theirs."""
    if slot is None or slot.hold is None:
        return None
    if hold_token and slot.hold_token_hash and hmac.compare_digest(hold_hash(hold_token), slot.hold_token_hash):
        return None
    return slot.hold


def hold_hash(hold_token: str) -> str:
    """Return what is stored of a hold's token."""
    return hashlib.sha256(hold_token.encode(errors="replace")).hexdigest()


# The condition on the status is that of models/visits.ACTIVE, so that the exclusion constraint's index serves it.
_BUSY = text("""
SELECT starts_at, ends_at FROM appointments
 WHERE patient_id = :patient AND status NOT IN ('CANCELLED', 'NO_SHOW')
   AND tstzrange(starts_at, ends_at) && tstzrange(:since, :until) AND id IS DISTINCT FROM CAST(:without AS uuid)
""")


def _busy(session: Session, patient_id: UUID, span: Span, without: UUID | None) -> list[Span]:
    given = {"patient": patient_id, "since": span.starts_at, "until": span.ends_at, "without": without}
    return [Span(*row) for row in session.execute(_BUSY, given)]


def columns_of(place: Place) -> dict[str, Any]:
    """Return the columns that an appointment takes from a place that passed the checks."""
    wanted, doctor = place.wanted, place.doctor
    assert doctor is not None  # noqa: S101 only asked of a place that passed the checks
    return {
        "doctor_id": doctor.doctor_id,
        "date": wanted.day,
        "start_time": wanted.start,
        "end_time": wanted.end,
        "starts_at": wanted.span.starts_at,
        "ends_at": wanted.span.ends_at,
        "slot_minutes": place.minutes,
    }


def next_token(session: Session, actor: Actor, place: Place) -> int:
    """Count up the doctor's day and return its next number; one that was given is never given again."""
    assert place.doctor is not None  # noqa: S101 only asked of a place that passed the checks
    first = insert(TokenCounter).values(
        hospital_id=actor.hospital_id, doctor_id=place.doctor.doctor_id, date=place.wanted.day, last_number=1
    )
    counted = first.on_conflict_do_update(
        index_elements=["doctor_id", "date"], set_={"last_number": TokenCounter.last_number + 1}
    )
    return session.execute(counted.returning(TokenCounter.last_number)).scalar_one()


def given_token(actor: Actor, place: Place, token: int) -> bulk.Rows:
    """Return the row that notes a number which the doctor's day has just given, as `next_token` would."""
    assert place.doctor is not None  # noqa: S101 only asked of a place that passed the checks
    day = {"doctor_id": place.doctor.doctor_id, "date": place.wanted.day}
    row = day | {"hospital_id": actor.hospital_id, "last_number": token}
    return bulk.Rows(TokenCounter, [row], tuple(day), ("last_number",))


def let_go_of_hold(session: Session, slot: StoredSlot) -> None:
    """Forget a slot's hold, which has served its purpose."""
    if slot.hold is not None:
        empty = {"held_by_id": None, "held_until": None, "hold_token_hash": None}
        session.execute(update(DoctorSlot).where(DoctorSlot.id == slot.slot_id).values(empty))
