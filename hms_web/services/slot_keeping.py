"""Keeping single slots from others: a hold while a form is open, a block by hand (product.md, Slots and Booking)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from hms_web.domain.booking import HOLD_FOR
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.domain.slots import SlotStatus, without
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.models import DoctorSlot, SlotBlock, new_id
from hms_web.services import audit, facts, locks, placing, slots, unit_of_work
from hms_web.services.facts import DoctorFacts, StoredSlot
from hms_web.services.slots import SlotView

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold that was given: the secret that proves it, and when it lapses."""

    slot_id: UUID
    hold_token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Found:
    doctor: DoctorFacts
    stored: StoredSlot

    def view(self, actor: Actor, now: datetime) -> SlotView:
        return slots.view(self.doctor, self.doctor.on(self.stored.time.day), self.stored, actor, now)


def get(session: Session, actor: Actor, slot_id: UUID, *, now: datetime) -> SlotView:
    """Return one slot of the hospital. Raises Refused SLOT_NOT_FOUND."""
    return _find(session, actor, slot_id, lock=False).view(actor, now)


def _find(session: Session, actor: Actor, slot_id: UUID, *, lock: bool = True) -> _Found:
    """Find a slot under its doctor's lock. Raises Refused SLOT_NOT_FOUND."""
    seen = session.execute(
        select(DoctorSlot.doctor_id, DoctorSlot.date).where(
            DoctorSlot.hospital_id == actor.hospital_id, DoctorSlot.id == slot_id
        )
    ).one_or_none()
    if seen is None:
        raise Refused(Code.SLOT_NOT_FOUND)
    if lock:
        locks.doctor(session, actor, seen.doctor_id)
    doctor = facts.load(session, actor, [seen.doctor_id], seen.date, seen.date)[seen.doctor_id]
    stored = next((slot for slot in doctor.slots if slot.slot_id == slot_id), None)
    if stored is None:  # taken away while we waited for the lock
        raise Refused(Code.SLOT_NOT_FOUND)
    return _Found(doctor, stored)


def hold(session: Session, actor: Actor, slot_id: UUID, *, now: datetime) -> HoldView | Refusal:
    """Keep a free slot for the actor for two minutes; asking again keeps it for two more.

    Refuses with what a booking of the slot would be refused for. Raises Refused SLOT_NOT_FOUND.
    """

    def work() -> HoldView | Refusal:
        refusal = _find(session, actor, slot_id).view(actor, now).refusal
        if refusal is not None:
            return refusal
        token = secrets.token_urlsafe(24)
        until = now + HOLD_FOR
        kept = {"held_by_id": actor.user_id, "held_until": until, "hold_token_hash": placing.hold_hash(token)}
        session.execute(update(DoctorSlot).where(DoctorSlot.id == slot_id).values(kept))
        return HoldView(slot_id, token, until)

    return unit_of_work.run(session, work)


def release_hold(session: Session, actor: Actor, slot_id: UUID, *, now: datetime) -> None:
    """Let go of the actor's own hold; without one nothing happens. Raises Refused SLOT_NOT_FOUND."""

    def work() -> None:
        found = _find(session, actor, slot_id)
        if found.stored.hold is None or found.stored.hold.keeps_out(actor.user_id, now):
            return
        empty = {"held_by_id": None, "held_until": None, "hold_token_hash": None}
        session.execute(update(DoctorSlot).where(DoctorSlot.id == slot_id).values(empty))

    unit_of_work.run(session, work)


def block(
    session: Session, actor: Actor, slot_id: UUID, *, blocked: bool, reason: str | None, now: datetime
) -> SlotView | Refusal:
    """Close a slot's time by hand, or open it again; doing either twice is harmless.

    Refuses SLOT_BOOKED for a slot that a patient has and DATE_IN_PAST for one that has begun. Raises Refused
    SLOT_NOT_FOUND, FORBIDDEN for another doctor's slot, InvalidInput.
    """
    refuse_invalid(("reason", note_mistake(reason, LONGEST_REASON)))

    def work() -> SlotView | Refusal:
        found = _find(session, actor, slot_id)
        if not actor.may_manage_doctor(found.doctor.doctor_id):
            raise Refused(Code.FORBIDDEN)
        view = found.view(actor, now)
        if blocked and view.status is SlotStatus.BOOKED:
            return Refusal(Code.SLOT_BOOKED)
        if view.status is SlotStatus.PAST:
            return Refusal(Code.DATE_IN_PAST)
        if _is_so(found, blocked=blocked, reason=tidy(reason)):
            return view
        _open(session, actor, found)
        if blocked:
            _close(session, actor, found, reason)
        action = "slot.blocked" if blocked else "slot.unblocked"
        audit.record(session, actor, action, "slot", slot_id, now=now, starts_at=view.starts_at, reason=reason)
        return _find(session, actor, slot_id).view(actor, now)

    return unit_of_work.run(session, work)


def _is_so(found: _Found, *, blocked: bool, reason: str | None) -> bool:
    """Whether the slot's time is closed by hand, or not, just as it is wanted."""
    span = found.stored.time.span
    here = [(block.span, block.reason) for block in found.doctor.blocks if block.span.overlaps(span)]
    return here == ([(span, reason)] if blocked else [])


def _close(session: Session, actor: Actor, found: _Found, reason: str | None) -> None:
    _insert_block(session, actor, found.doctor.doctor_id, found.stored.time.span, tidy(reason))


def _open(session: Session, actor: Actor, found: _Found) -> None:
    """Take the slot's time out of the blocks that reach into it; what lies outside stays closed."""
    span = found.stored.time.span
    for item in found.doctor.blocks:
        if not item.span.overlaps(span):
            continue
        session.execute(delete(SlotBlock).where(SlotBlock.id == item.block_id))
        for rest in without(item.span, span):
            _insert_block(session, actor, found.doctor.doctor_id, rest, item.reason)


def _insert_block(session: Session, actor: Actor, doctor_id: UUID, span: Span, reason: str | None) -> None:
    session.execute(
        insert(SlotBlock).values(
            id=new_id(),
            hospital_id=actor.hospital_id,
            doctor_id=doctor_id,
            starts_at=span.starts_at,
            ends_at=span.ends_at,
            reason=reason,
            created_by_id=actor.user_id,
        )
    )
