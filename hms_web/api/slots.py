"""`/slots`: what doctors' days offer, and keeping single slots."""

import datetime as dt
from uuid import UUID

from flask import json
from pydantic import Field

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import AffectedAppointment
from hms_web.api.operations import Call, Routes, Written, dump
from hms_web.api.shapes import Body, Id, Instant, LocalDate, LocalTime, PageOf, PageQuery, Shape, Text, read_id
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.domain.slots import ClosedReason, SlotStatus
from hms_web.services import kept_days, paging, slot_keeping, slot_making, slots, told_before
from hms_web.services.kept import Kept
from hms_web.services.slots import SlotView
from hms_web.services.who_asks import Also

routes = Routes("slots")
MOST_DAYS_AHEAD = 90
KEEPERS = [Role.ADMIN, Role.DOCTOR]
# Days as they were written a moment ago, 4 KiB each.
KEPT: Kept[Written] = Kept(1000)


class Slot(Shape):
    """A stretch of a doctor's day.

    A BLOCKED one has a `blockReason`: the words of who closed it, or the code of the rule.
    """

    id: Id
    doctor_id: Id
    date: LocalDate
    start_time: LocalTime
    end_time: LocalTime
    starts_at: Instant
    status: SlotStatus
    block_reason: str | None
    appointment_id: Id | None

    @classmethod
    def of(cls, view: SlotView) -> "Slot":
        """Make it from a service's view."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class SlotsOfDate(PageOf[Slot]):
    """Every slot of a date. Where there are none, `closedReason` says why."""

    closed_reason: ClosedReason | None


class SlotRange(PageQuery):
    """From a day to another, both included; 62 days at most."""

    first: LocalDate = Field(alias="from")
    last: LocalDate = Field(alias="to")


class Horizon(Body):
    """How many days ahead slots are made."""

    days_ahead: int = Field(default=30, ge=1, le=MOST_DAYS_AHEAD)


class Generated(Shape):
    """How many slots were made, how many were there, and how many days are holidays."""

    created: int
    existing: int
    skipped_holidays: int


class Regenerated(Shape):
    """How many open slots went and came, and the appointments that no longer fit."""

    removed: int
    created: int
    affected_appointments: list[AffectedAppointment]


class Block(Body):
    """Whether a slot shall be closed, and why."""

    blocked: bool
    reason: Text | None = None


class Hold(Shape):
    """A slot that is kept for the caller until it lapses."""

    hold_token: str
    expires_at: Instant


def paged(found: list[SlotView], query: PageQuery) -> paging.Page[SlotView]:
    """Return all of them, or where a limit is asked for, a page."""
    if query.cursor is not None:
        after, _ = paging.read_cursor(query.cursor, dt.datetime, UUID)
        found = [view for view in found if view.starts_at > after]
    limit = query.limit or len(found) or 1
    return paging.page(found, limit, lambda view: view, lambda view: (view.starts_at, view.id))


def _answer(found: list[SlotView], query: PageQuery) -> PageOf[Slot]:
    shown = paged(found, query)
    return PageOf[Slot](items=[Slot.of(view) for view in shown.items], next_cursor=shown.next_cursor)


@routes.add("GET", "/slots/doctor/<doctor_id>", EVERYONE, "List the free slots of a doctor")
def available(call: Call, doctor_id: UUID, query: PageQuery) -> PageOf[Slot]:
    """All that can be booked now, inside the booking window; all of them at once unless a limit is given."""
    return _answer(slots.available(call.session, call.actor, doctor_id, now=call.now), query)


def _changes(doctor_id: str, **_others: str) -> Also | None:
    try:
        return told_before.about_doctor(read_id(doctor_id))
    except ValueError:
        return None  # there is no such doctor


@routes.add("GET", "/slots/doctor/<doctor_id>/date/<date>", EVERYONE, "List the slots of a date", along=_changes)
def of_date(call: Call, doctor_id: UUID, date: dt.date, query: PageQuery) -> SlotsOfDate | Written:
    """Every slot with its status, made on the fly where there is none."""
    session, actor, now = call.session, call.actor, call.now
    told = told_before.of_doctor(session, actor, doctor_id, date, date, changes=call.signed_in.told)
    key = (kept_days.likeness(actor, told, date, date, now=now), query.limit, query.cursor)
    kept = KEPT.get(key, now)
    if kept is not None:
        return kept
    days, is_all_told = slots.of_told(session, actor, told, date, date, now=now)
    if not days:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    # Of a holiday the answer is that it is one; whoever comes all the same is among the appointments.
    shown = _answer([] if days[0].closed_note else days[0].items, query)
    answer = SlotsOfDate(items=shown.items, next_cursor=shown.next_cursor, closed_reason=days[0].closed_reason)
    written = Written(json.dumps(dump(answer, call)))
    if is_all_told:
        KEPT.put(key, written, kept_days.until(actor, days, now=now))
    return written


@routes.add("GET", "/slots/doctor/<doctor_id>/range", EVERYONE, "List the slots of a range of dates")
def in_range(call: Call, doctor_id: UUID, query: SlotRange) -> PageOf[Slot]:
    """Every slot from a day to another; all of them at once unless a limit is given."""
    return _answer(slots.in_range(call.session, call.actor, doctor_id, query.first, query.last, now=call.now), query)


@routes.add("POST", "/slots/generate/<doctor_id>", [Role.ADMIN], "Make a doctor's slots")
def generate(call: Call, doctor_id: UUID, body: Horizon) -> Generated:
    """Makes what is missing; running it twice changes nothing."""
    made = slot_making.generate(call.session, call.actor, doctor_id, body.days_ahead, now=call.now)
    return Generated.model_validate(made)


@routes.add(
    "POST", "/slots/regenerate/<doctor_id>", KEEPERS, "Make a doctor's future slots anew", refuses=[Code.FORBIDDEN]
)
def regenerate(call: Call, doctor_id: UUID) -> Regenerated:
    """Around what is booked, which stays. A doctor may do this to their own only."""
    made = slot_making.regenerate(call.session, call.actor, doctor_id, now=call.now)
    affected = [AffectedAppointment.because(view, AffectedCause.SCHEDULE_CHANGE) for view in made.affected]
    return Regenerated(removed=made.removed, created=made.created, affected_appointments=affected)


@routes.add(
    "PATCH",
    "/slots/<slot_id>/block",
    KEEPERS,
    "Close a slot, or open it again",
    refuses=[Code.FORBIDDEN, Code.SLOT_BOOKED, Code.DATE_IN_PAST],
)
def block(call: Call, slot_id: UUID, body: Block) -> Slot | Refusal:
    """A doctor may do this to their own only."""
    kept = slot_keeping.block(call.session, call.actor, slot_id, blocked=body.blocked, reason=body.reason, now=call.now)
    return kept if isinstance(kept, Refusal) else Slot.of(kept)


# What a booking of the slot would be refused for, as far as it does not depend on the patient.
_ALL = tuple(Code)
UNHOLDABLE = _ALL[_ALL.index(Code.DOCTOR_UNAVAILABLE) : _ALL.index(Code.DOCTOR_FULLY_BOOKED) + 1]


@routes.add("POST", "/slots/<slot_id>/hold", EVERYONE, "Hold a slot", refuses=UNHOLDABLE)
def hold(call: Call, slot_id: UUID) -> Hold | Refusal:
    """Keeps it for two minutes while a form is open; asking again keeps it for two more."""
    kept = slot_keeping.hold(call.session, call.actor, slot_id, now=call.now)
    return kept if isinstance(kept, Refusal) else Hold(hold_token=kept.hold_token, expires_at=kept.expires_at)


@routes.add("DELETE", "/slots/<slot_id>/hold", EVERYONE, "Let go of a hold", status=204)
def release(call: Call, slot_id: UUID) -> None:
    """The caller's own; without one nothing happens."""
    slot_keeping.release_hold(call.session, call.actor, slot_id, now=call.now)
