"""What has to be right at a desk after everything that is done: invariants, offer, messages, and pages that answer."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.slots import SlotStatus
from hms_web.domain.statistics import Days
from hms_web.services import (
    absence_slots,
    affected,
    affected_list,
    alert_board,
    appointments,
    board,
    booking,
    doctor_previews,
    left_over,
    no_show_figures,
    no_show_reviews,
    no_show_stats,
    overview,
    slot_making,
    slots,
    to_phone,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.board import BoardFilter
from hms_web.services.booking import AppointmentChange, BookingRequest
from hms_web.services.slots import SlotView
from tests import invariants
from tests.races.desk import Desk


def session_on(connection: sa.Connection) -> Session:
    """A session whose commits only end a savepoint of what is undone."""
    return Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


def look(desk: Desk, name: str) -> None:
    """Check all that has to be right now."""
    connection = desk.session.connection()
    invariants.check(connection)
    if name == "scan":
        _whoever_waits_too_long_has_an_alert(desk)
    if name == "sweep":
        _nobody_is_overlooked(desk)
    _the_blocked_were_told(desk)
    _the_offer_is_honest(desk)
    if desk.random.random() < 0.3:
        _slots_are_those_of_the_hours(desk)
    if desk.random.random() < 0.15:
        _counts_agree(desk)
    if desk.random.random() < 0.07:
        _pages_answer(desk)


def _counts_agree(desk: Desk) -> None:
    session, actor, now = desk.session, desk.here.actor, desk.now
    listed = [view.id for group in affected.grouped(session, actor) for view in group.items]
    paged = affected_list.listed(session, actor, most=100, today=desk.today)
    assert affected.count(session, actor) == len(listed) == paged.total
    assert {view.id for one in paged.groups for view in one.group.items} == set(listed)
    alert_board.live(session, actor, now=now)
    no_show_reviews.entries(session, actor)
    left_over.entries(session, actor, now=now)
    assert to_phone.count_for(session, actor, now=now) == len(to_phone.calls(session, actor, now=now))
    figures = overview.utilisation(session, actor, Days(desk.today - timedelta(days=3), desk.today), now=now).whole
    assert figures.used <= figures.booked <= figures.offered, figures


_UNALARMED = """
    SELECT a.id FROM appointments a JOIN hospitals h ON h.id = a.hospital_id
     WHERE a.status = 'CHECKED_IN' AND a.date = CAST(CAST(:now AS timestamptz) AT TIME ZONE h.timezone AS date)
       AND CASE WHEN a.vitals_recorded_at IS NULL
                THEN a.checked_in_at + (a.slot_minutes + 5) * interval '1 minute'
                ELSE greatest(a.vitals_recorded_at, a.starts_at) + (a.slot_minutes + 10) * interval '1 minute'
            END <= :now
       AND NOT EXISTS (
           SELECT FROM stage_alerts s
            WHERE s.appointment_id = a.id
              AND s.alert_type = CASE WHEN a.vitals_recorded_at IS NULL THEN 'NO_VITALS' ELSE 'NO_DOCTOR' END
              AND (s.status <> 'RESOLVED' OR s.resolved_by_id IS NOT NULL))
"""
_ALARM_NAMES_ANOTHER = """
    SELECT s.id FROM stage_alerts s JOIN appointments a ON a.id = s.appointment_id
     WHERE s.status <> 'RESOLVED' AND s.doctor_id <> a.doctor_id
"""


def _whoever_waits_too_long_has_an_alert(desk: Desk) -> None:
    assert not desk.rows(_UNALARMED, now=desk.now)
    assert not desk.rows(_ALARM_NAMES_ANOTHER)


def _nobody_is_overlooked(desk: Desk) -> None:
    assert not desk.rows(
        "SELECT id FROM appointments WHERE status IN ('SCHEDULED', 'CONFIRMED') AND affected_cause IS NULL"
        " AND ends_at <= :now AND no_show_review_at IS NULL",
        now=desk.now,
    )


_UNTOLD = """
    SELECT p.id FROM patients p
     WHERE p.is_auto_blocked
       AND NOT EXISTS (SELECT FROM notifications n
                        WHERE n.patient_id = p.id AND n.created_at = p.blocked_at AND n.event LIKE '%blocked'
                          AND n.state <> 'SUPPRESSED')
"""
_NOT_TOLD_OF_IT = """
    SELECT a.id, a.affected_cause, a.affected_at FROM appointments a
     WHERE a.status IN ('SCHEDULED', 'CONFIRMED') AND a.affected_cause IS NOT NULL AND a.ends_at > :now
       AND NOT EXISTS (SELECT FROM notifications n
                        WHERE n.appointment_id = a.id AND n.channel = 'sms' AND n.created_at >= a.affected_at
                          AND n.event IN ('appointment.affected_by_absence', 'appointment.affected_by_holiday',
                                          'appointment.needs_rescheduling')
                          AND n.state <> 'SUPPRESSED')
"""
# What a patient heard last is how it is, or something else is on its way to them or waits to be phoned.
_BELIEVES_WRONGLY = """
    SELECT a.id, a.status, a.starts_at, heard.event, heard.facts ->> 'starts_at' AS said
      FROM appointments a
     CROSS JOIN LATERAL (
           SELECT n.* FROM notifications n
            WHERE n.appointment_id = a.id AND n.channel = 'sms' AND n.state = 'SENT'
            ORDER BY n.sent_at DESC, n.created_at DESC, n.id DESC LIMIT 1) AS heard
     WHERE CASE WHEN a.status IN ('SCHEDULED', 'CONFIRMED')
                THEN a.starts_at > :now
                     AND (CAST(heard.facts ->> 'starts_at' AS timestamptz) <> a.starts_at
                          OR heard.event LIKE 'appointment.no_show%' OR heard.event LIKE 'appointment.not_coming%'
                          OR heard.event LIKE 'appointment.cancelled%' OR heard.event LIKE '%unavailable')
                WHEN a.status = 'CANCELLED'
                THEN NOT (heard.event LIKE 'appointment.cancelled%' OR heard.event LIKE '%unavailable')
                ELSE false END
       AND NOT EXISTS (SELECT FROM notifications n
                        WHERE n.appointment_id = a.id AND n.channel = 'sms' AND n.created_at >= heard.created_at
                          AND n.id <> heard.id AND n.state NOT IN ('SUPPRESSED', 'SENT'))
"""
_TOKEN_AHEAD = """
    SELECT a.id FROM appointments a LEFT JOIN token_counters t ON t.doctor_id = a.doctor_id AND t.date = a.date
     WHERE t.last_number IS NULL OR t.last_number < a.token_number
"""


def _the_blocked_were_told(desk: Desk) -> None:
    untold = desk.rows(_UNTOLD)
    assert not untold, ("blocked and not told", untold)
    assert not desk.rows(_TOKEN_AHEAD)
    wrongly = desk.rows(_BELIEVES_WRONGLY, now=desk.now)
    assert not wrongly, ("believes what is not so", wrongly)
    unheard = desk.rows(_NOT_TOLD_OF_IT, now=desk.now)
    assert not unheard, ("needs another time and is not told", unheard)


def _the_offer_is_honest(desk: Desk) -> None:
    """A slot that is shown as free can be booked, and one that is not is refused with the same code; so is a move."""
    doctor, day = desk.random.choice(list(desk.doctors)), desk.day()
    found = slots.of_date(desk.session, desk.here.actor, doctor, day, now=desk.now).items
    for slot in found:
        assert (slot.status is SlotStatus.AVAILABLE) <= (slot.refusal is None), slot
    if found and desk.random.random() < 0.8:
        slot = desk.random.choice(found)
        _as_shown(slot, _attempt(desk, doctor, day, slot.start_time))
        _as_moved(desk, slot)
        return
    at = time(desk.random.randrange(24), desk.random.randrange(0, 60, 5))
    if at not in {item.start_time for item in found}:
        assert isinstance(_attempt(desk, doctor, day, at), Refusal)


def _as_shown(slot: SlotView, answer: AppointmentView | Refusal) -> None:
    code = answer.code if isinstance(answer, Refusal) else None
    wanted = slot.refusal.code if slot.refusal else None
    # A slot that has an appointment and lies in leave is seen as booked; the booking says of it what comes first.
    same = code == wanted or (wanted in {Code.SLOT_TAKEN, Code.DATE_IN_PAST} and code is not None)
    assert same, (slot, answer)


def _as_moved(desk: Desk, slot: SlotView) -> None:
    """What is free can be moved to, by whoever has nothing else then; a day that is full takes its own."""
    row = desk.appointment("SCHEDULED", "CONFIRMED")
    if row is None or (row.doctor_id, row.starts_at) == (slot.doctor_id, slot.starts_at):
        return
    undone = desk.session.begin_nested()
    with session_on(desk.session.connection()) as session:
        wanted = AppointmentChange(date=slot.date, time=slot.start_time, doctor_id=slot.doctor_id)
        moved = booking.change(session, desk.here.actor, row.id, wanted, now=desk.now)
    undone.rollback()
    desk.session.expire_all()
    code = moved.code if isinstance(moved, Refusal) else None
    if slot.refusal is None:
        assert code in {None, Code.PATIENT_DOUBLE_BOOKED}, (slot, moved)
    elif code is None:
        # Its own time, or its own place in a full day, does not count.
        assert slot.refusal.code in {Code.SLOT_TAKEN, Code.DOCTOR_FULLY_BOOKED}, (slot, moved)


def _attempt(desk: Desk, doctor_id: UUID, day: date, at: time) -> AppointmentView | Refusal:
    """Book for somebody who has no other appointment, and undo it."""
    undone = desk.session.begin_nested()
    with session_on(desk.session.connection()) as session:
        answer = booking.book(session, desk.here.actor, BookingRequest(desk.stranger, doctor_id, day, at), now=desk.now)
    undone.rollback()
    return answer


def _slots_are_those_of_the_hours(desk: Desk) -> None:
    """Once every day of the window was looked at, making the slots anew changes nothing."""
    first, last = desk.today, desk.today + timedelta(days=4)
    undone = desk.session.begin_nested()
    with session_on(desk.session.connection()) as session:
        for doctor in desk.doctors:
            slot_making.ensure(session, desk.here.actor, [doctor], first, first + timedelta(days=30), now=desk.now)
            before = _stored(session, doctor, first, last)
            slot_making.regenerate(session, desk.here.admin, doctor, now=desk.now)
            after = _stored(session, doctor, first, last)
            assert before == after, (doctor, sorted(before ^ after))
    undone.rollback()
    desk.session.expire_all()


def _stored(session: Session, doctor: UUID, first: date, last: date) -> set[tuple[datetime, datetime]]:
    rows = session.execute(
        sa.text(
            "SELECT starts_at, ends_at FROM doctor_slots WHERE doctor_id = :doctor AND date BETWEEN :first AND :last"
        ),
        {"doctor": doctor, "first": first, "last": last},
    )
    return {(row.starts_at, row.ends_at) for row in rows}


def _pages_answer(desk: Desk) -> None:
    """Whatever is read for a page can be read."""
    session, actor, admin, now = desk.session, desk.here.actor, desk.here.admin, desk.now
    board.rows(session, actor, BoardFilter(), now=now)
    board.fingerprint(session, actor, BoardFilter(), now=now)
    days = Days(desk.today - timedelta(days=3), desk.today + timedelta(days=3))
    rates = no_show_figures.figures(session, admin, days, now=now)
    assert rates is not None
    no_show_stats.stats(session, admin)
    overview.waits(session, admin, days)
    overview.messages(session, admin, days)
    affected_list.needs(session, actor, most=5)
    appointments.search(session, actor, appointments.AppointmentFilter())
    for doctor in desk.doctors:
        slots.available(session, actor, doctor, now=now)
        absence_slots.calendar(session, actor, doctor, desk.today, desk.today + timedelta(days=3), now=now)
        doctor_previews.by_availability(session, admin, doctor, now=now)
    slots.next_free(session, actor, list(desk.doctors), now=now)
    assert local_date(now, actor.zone) == desk.today
