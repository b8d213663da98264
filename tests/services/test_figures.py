"""The figures of the charts: what counts, in the hospital's own days and hours, and what the database is asked."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.local_time import first_instant
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.notifications import Channel
from hms_web.domain.refusals import Refused
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.statistics import EMPTY, NOBODY, Days, Delivered, Filled, LeadTime, Share, Waited, WaitStage
from hms_web.models import (
    Appointment,
    Consultation,
    Doctor,
    DoctorSlot,
    NoShowLog,
    Notification,
    SlotBlock,
    User,
    new_id,
)
from hms_web.services import doctors, no_show_figures, no_show_stats, overview
from hms_web.services.doctors import DoctorChange
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.test_indexes import explained, grown
from tests.visit_scenes import acting

__all__ = ["grown"]
D = DayOfWeek
AFTER = NOW + timedelta(days=60)
FRIDAY = MONDAY + timedelta(days=4)
WEEK = Days(MONDAY, MONDAY + timedelta(days=6))
# One an hour for a year: of a few the planner reads all, whatever index there is.
MANY_MESSAGES = sa.text("""
    INSERT INTO notifications (id, hospital_id, patient_id, dedupe_key, event, channel, priority, state, title, body,
                               created_at)
    SELECT gen_random_uuid(), :hospital, :patient, 'many-' || n, 'appointment.booked', 'sms', 'NORMAL', 'SENT', 'T',
           'B', CAST(:monday AS date) - n * interval '1 hour'
      FROM generate_series(1, 8760) n
""")


def visit(
    here: Clinic,
    doctor: UUID,
    at: time,
    status: str,
    day: date = MONDAY,
    ahead: int = 0,
    patient: UUID | None = None,
    **columns: object,
) -> UUID:
    """Write an appointment of half an hour that was booked so many days before; a missed one has its log."""
    zone = here.actor.zone
    starts_at = first_instant(day, at, zone)
    key, patient = new_id(), patient or here.patient()
    row = {
        "id": key,
        "hospital_id": here.actor.hospital_id,
        "patient_id": patient,
        "doctor_id": doctor,
        "date": day,
        "start_time": at,
        "end_time": time(at.hour, 30 + at.minute) if at.minute < 30 else time(at.hour + 1),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "slot_minutes": 30,
        "status": status,
        "token_number": here.count(Appointment) + 1,
        "created_at": first_instant(day - timedelta(days=ahead), time(8), zone),
    } | columns
    here.session.execute(sa.insert(Appointment).values(row))
    if status == "NO_SHOW":
        log(here, key, patient, doctor, starts_at)
    here.session.commit()
    return key


def log(here: Clinic, key: UUID, patient: UUID, doctor: UUID, starts_at: datetime) -> None:
    row = {
        "id": new_id(),
        "hospital_id": here.actor.hospital_id,
        "appointment_id": key,
        "patient_id": patient,
        "doctor_id": doctor,
        "reason": NoShowReason.AUTO_TIMEOUT,
        "slot_time": starts_at,
        "timeout_minutes": 30,
        "slot_released": False,
        "previous_status": "SCHEDULED",
        "created_at": starts_at,
    }
    here.session.execute(sa.insert(NoShowLog).values(row))


def rates(here: Clinic, days: Days = WEEK, now: datetime = AFTER) -> no_show_figures.NoShowFigures:
    return no_show_figures.figures(here.session, here.admin, days, now=now)


def test_who_should_have_come_counts_once(here: Clinic) -> None:
    """Cancelled ones, those to come, what the hospital caused and what was taken back are neither."""
    doctor = here.doctor()
    for hour, status in ((9, "NO_SHOW"), (10, "COMPLETED"), (11, "IN_PROGRESS"), (12, "CHECKED_IN")):
        visit(here, doctor, time(hour), status)
    for hour, status in ((13, "CANCELLED"), (14, "SCHEDULED"), (15, "CONFIRMED")):
        visit(here, doctor, time(hour), status)
    visit(here, doctor, time(16), "NO_SHOW", affected_cause="ABSENCE")
    visit(here, doctor, time(16, 30), "COMPLETED", affected_cause="ABSENCE")
    taken_back = visit(here, doctor, time(17), "NO_SHOW")
    here.session.execute(
        sa.update(NoShowLog).where(NoShowLog.appointment_id == taken_back).values(reverted_at=NOW, revert_note="Came")
    )
    here.session.commit()
    found = rates(here)
    assert found.whole == Share(1, 3)
    assert found.by_hour == {
        (D.MONDAY, 9): Share(1, 0),
        (D.MONDAY, 10): Share(0, 1),
        (D.MONDAY, 11): Share(0, 1),
        (D.MONDAY, 12): Share(0, 1),
    }
    half_past_ten = first_instant(MONDAY, time(10, 30), here.actor.zone)
    assert rates(here, now=half_past_ten).whole == Share(1, 1)
    assert rates(here, now=half_past_ten - timedelta(seconds=1)).whole == Share(1, 0)


def test_rates_by_everything_that_is_asked(here: Clinic, elsewhere: Clinic) -> None:
    anna, boris = here.doctor(), here.doctor()
    visit(here, anna, time(9), "COMPLETED", ahead=0)
    visit(here, anna, time(9, 30), "NO_SHOW", ahead=1)
    visit(here, anna, time(9), "COMPLETED", FRIDAY, ahead=14)
    visit(here, boris, time(10), "NO_SHOW", FRIDAY, ahead=90)
    visit(here, boris, time(11), "NO_SHOW", FRIDAY, ahead=14, import_key="7")
    visit(here, boris, time(11, 30), "NO_SHOW", FRIDAY, ahead=-1)
    visit(here, anna, time(9), "NO_SHOW", MONDAY - timedelta(days=1))
    visit(here, anna, time(9), "NO_SHOW", MONDAY + timedelta(days=7))
    visit(elsewhere, elsewhere.doctor(), time(9), "NO_SHOW")
    found = rates(here)
    assert found.whole == Share(4, 2)
    assert [share for _, share in found.over_time] == [Share(1, 1), NOBODY, NOBODY, NOBODY, Share(3, 1), NOBODY, NOBODY]
    assert [begins for begins, _ in found.over_time] == [MONDAY + timedelta(days=n) for n in range(7)]
    assert found.by_hour[D.MONDAY, 9] == Share(1, 1)
    assert found.by_hour[D.FRIDAY, 11] == Share(2, 0)
    assert [(one.doctor_id, one.share) for one in found.by_doctor] == [(boris, Share(3, 0)), (anna, Share(1, 2))]
    assert dict(found.by_lead_time) == {
        LeadTime.SAME_DAY: Share(0, 1),
        LeadTime.TO_TWO_DAYS: Share(1, 0),
        LeadTime.TO_TWO_WEEKS: Share(0, 1),
        LeadTime.LONGER: Share(1, 0),
        LeadTime.UNKNOWN: Share(2, 0),
    }
    longer = rates(here, Days(MONDAY - timedelta(days=7), MONDAY + timedelta(days=7)))
    assert [share.whole for _, share in longer.over_time] == [1, 6, 1]


def test_the_day_of_a_booking_is_the_hospitals(here: Clinic) -> None:
    """Half past midnight on Monday in Kolkata is still Sunday in Greenwich."""
    early = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
    visit(here, here.doctor(), time(9), "COMPLETED", created_at=early)
    assert dict(rates(here).by_lead_time) == {LeadTime.SAME_DAY: Share(0, 1)}


def test_a_doctor_reads_their_own_alone(here: Clinic) -> None:
    anna, boris = here.doctor(), here.doctor()
    visit(here, anna, time(9), "COMPLETED")
    visit(here, boris, time(9), "NO_SHOW")
    own = no_show_figures.figures(here.session, acting(here, anna), WEEK, now=AFTER)
    assert (own.whole, len(own.by_doctor)) == (Share(0, 1), 1)
    with pytest.raises(Refused):
        no_show_figures.figures(here.session, acting(here, anna), WEEK, doctor_id=boris, now=AFTER)
    with pytest.raises(Refused):
        no_show_stats.aftermath(here.session, acting(here, anna), first=None, last=None, doctor_id=boris)
    one = no_show_figures.figures(here.session, here.admin, WEEK, doctor_id=boris, now=AFTER)
    assert one.whole == Share(1, 0)


def slots(here: Clinic, doctor: UUID, *times: time, day: date = MONDAY) -> None:
    """Write half-hour slots."""
    zone = here.actor.zone
    rows = [
        {
            "id": new_id(),
            "hospital_id": here.actor.hospital_id,
            "doctor_id": doctor,
            "date": day,
            "start_time": at,
            "end_time": (datetime.combine(day, at) + timedelta(minutes=30)).time(),
            "starts_at": first_instant(day, at, zone),
            "ends_at": first_instant(day, at, zone) + timedelta(minutes=30),
        }
        for at in times
    ]
    here.session.execute(sa.insert(DoctorSlot).values(rows))
    here.session.commit()


def filled(here: Clinic, days: Days = WEEK, now: datetime = AFTER) -> Filled:
    return overview.utilisation(here.session, here.admin, days, now=now).whole


def test_how_full_the_offered_times_were(here: Clinic, elsewhere: Clinic) -> None:
    doctor, idle, other = here.doctor(), here.doctor(), elsewhere.doctor()
    slots(elsewhere, other, time(9))
    slots(here, doctor, *(time(hour) for hour in range(9, 15)))
    slots(here, idle, time(9), day=FRIDAY)
    slots(here, idle, time(9), day=MONDAY + timedelta(days=7))
    visit(here, doctor, time(9), "COMPLETED")
    visit(here, doctor, time(10), "NO_SHOW")
    visit(here, doctor, time(10), "COMPLETED")
    visit(here, doctor, time(11), "NO_SHOW")
    visit(here, doctor, time(12), "CANCELLED")
    visit(here, doctor, time(13), "SCHEDULED")
    found = overview.utilisation(here.session, here.admin, WEEK, now=AFTER)
    assert found.whole == Filled(7, 4, 2)
    assert [one for _, one in found.over_time] == [Filled(6, 4, 2), *[EMPTY] * 3, Filled(1, 0, 0), EMPTY, EMPTY]
    assert [(one.doctor_id, one.filled) for one in found.by_doctor] == [
        (doctor, Filled(6, 4, 2)),
        (idle, Filled(1, 0, 0)),
    ]
    assert found.by_doctor[0].doctor_name < found.by_doctor[1].doctor_name
    noon = first_instant(MONDAY, time(12), here.actor.zone)
    assert filled(here, now=noon) == Filled(3, 3, 2)


def absent(hours: tuple[time, time] | None) -> Callable[[Clinic, UUID], object]:
    return lambda here, doctor: here.absence(doctor, MONDAY, MONDAY, hours)


def blocked(here: Clinic, doctor: UUID) -> None:
    starts_at = first_instant(MONDAY, time(9, 45), here.actor.zone)
    row = SlotBlock(
        id=new_id(),
        hospital_id=here.actor.hospital_id,
        doctor_id=doctor,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )
    here.session.add(row)
    here.session.commit()


def every_year(here: Clinic, _: UUID) -> None:
    here.holiday(MONDAY.replace(year=2020), is_recurring=True)


@pytest.mark.parametrize(
    ("close", "left"),
    [
        (absent(None), 0),
        (absent((time(9, 15), time(10))), 3),
        (absent((time(10, 30), time(23, 45))), 2),
        (blocked, 3),
        (lambda here, _: here.holiday(MONDAY), 0),
        (every_year, 0),
        (lambda here, _: here.holiday(MONDAY.replace(year=2020)), 4),
        (lambda here, _: here.holiday(FRIDAY), 4),
        (lambda here, _: here.absence(here.doctor(), MONDAY, FRIDAY), 4),
    ],
    ids=["leave", "hours", "till midnight", "block", "holiday", "yearly", "another year", "another day", "colleague"],
)
def test_what_was_closed_was_not_offered(here: Clinic, close: Callable[[Clinic, UUID], object], left: int) -> None:
    doctor = here.doctor()
    slots(here, doctor, time(9), time(10), time(10, 30), time(23, 30))
    close(here, doctor)
    assert filled(here) == Filled(left, 0, 0)


def test_whoever_was_seen_in_a_closed_time_had_it(here: Clinic) -> None:
    doctor = here.doctor()
    slots(here, doctor, time(9), time(10), time(11))
    visit(here, doctor, time(9), "COMPLETED", affected_cause="ABSENCE")
    visit(here, doctor, time(10), "SCHEDULED", affected_cause="ABSENCE")
    key = here.absence(doctor, MONDAY, MONDAY)
    assert filled(here) == Filled(1, 1, 1)
    here.session.execute(sa.text("UPDATE doctor_absences SET status = 'CANCELLED' WHERE id = :key"), {"key": key})
    here.session.commit()
    assert filled(here) == Filled(3, 1, 1)


def test_who_was_away_offered_nothing_meanwhile(here: Clinic) -> None:
    """The trail says from when to when; who is away without a word in it was so from the beginning."""
    doctor, session, admin = here.doctor(), here.session, here.admin
    slots(here, doctor, *(time(hour) for hour in range(9, 15)))
    visit(here, doctor, time(10), "COMPLETED")
    for hour, is_available in ((10, False), (12, True)):
        turned = first_instant(MONDAY, time(hour), here.actor.zone)
        doctors.change(session, admin, doctor, DoctorChange(is_available=is_available), now=turned)
    assert filled(here) == Filled(5, 1, 1), "eleven fell away, and ten did not, in which somebody was seen"
    leaves = first_instant(MONDAY, time(14), here.actor.zone)
    doctors.change(session, admin, doctor, DoctorChange(is_active=False), now=leaves)
    assert filled(here) == Filled(4, 1, 1)
    gone, away = here.doctor(), here.doctor()
    for other in (gone, away):
        slots(here, other, time(9))
    assert filled(here) == Filled(6, 1, 1)
    leaver = sa.select(Doctor.user_id).where(Doctor.id == gone).scalar_subquery()
    session.execute(sa.update(User).where(User.id == leaver).values(is_active=False))
    session.execute(sa.update(Doctor).where(Doctor.id == away).values(is_available=False))
    session.commit()
    assert filled(here) == Filled(4, 1, 1)


def consulted(here: Clinic, doctor: UUID, key: UUID, started_at: datetime, **columns: object) -> None:
    row = {
        "id": new_id(),
        "hospital_id": here.actor.hospital_id,
        "appointment_id": key,
        "doctor_id": doctor,
        "started_at": started_at,
        "status": "COMPLETED",
    } | columns
    here.session.execute(sa.insert(Consultation).values(row))
    here.session.commit()


def test_how_long_each_stage_takes(here: Clinic) -> None:
    """Whoever came early waits for the doctor from the slot's start on; of several the last counts."""
    doctor, minute = here.doctor(), timedelta(minutes=1)
    for number in range(10):
        at = first_instant(MONDAY, time(9 + number), here.actor.zone)
        key = visit(
            here,
            doctor,
            time(9 + number),
            "COMPLETED",
            checked_in_at=at - 20 * minute,
            vitals_recorded_at=at - (20 - number) * minute,
        )
        if number == 0:
            consulted(here, doctor, key, at + minute, status="ABANDONED", abandoned_at=at + 2 * minute)
        begins = at + (5 * minute if number == 0 else number * minute)
        consulted(here, doctor, key, begins, completed_at=begins + 10 * minute)
    visit(here, doctor, time(19), "CHECKED_IN")
    found = overview.waits(here.session, here.admin, WEEK)
    assert [(one.stage, one.count) for one in found] == [(stage, 10) for stage in WaitStage]
    vitals, ready, consultation, whole = found
    assert (vitals.median, vitals.most) == (4.5 * minute, 8.1 * minute)
    assert (ready.median, ready.most) == (4.5 * minute, 8.1 * minute)
    assert consultation == Waited(WaitStage.CONSULTATION, 10, 10 * minute, 10 * minute)
    assert whole.median == 35 * minute


def test_nobody_waited_overnight(here: Clinic) -> None:
    doctor = here.doctor()
    at = first_instant(MONDAY, time(9), here.actor.zone)
    key = visit(here, doctor, time(9), "COMPLETED", checked_in_at=at, vitals_recorded_at=at)
    consulted(here, doctor, key, at + timedelta(days=1), completed_at=at + timedelta(days=1, hours=1))
    other = visit(here, doctor, time(10), "COMPLETED", checked_in_at=at)
    consulted(here, doctor, other, at, completed_at=at + timedelta(days=1))
    assert overview.waits(here.session, here.admin, WEEK) == []


def test_without_vitals_the_wait_for_the_doctor_begins_at_the_desk(here: Clinic) -> None:
    doctor = here.doctor()
    at = first_instant(MONDAY, time(9), here.actor.zone)
    late = at + timedelta(minutes=10)
    key = visit(here, doctor, time(9), "IN_PROGRESS", checked_in_at=late)
    consulted(here, doctor, key, late + timedelta(minutes=7), status="STARTED")
    seven = timedelta(minutes=7)
    assert overview.waits(here.session, here.admin, WEEK) == [Waited(WaitStage.DOCTOR, 1, seven, seven)]


def test_vitals_in_the_consultation_and_an_earlier_check_in_end_no_wait(here: Clinic) -> None:
    doctor, minute = here.doctor(), timedelta(minutes=1)
    at = first_instant(MONDAY, time(9), here.actor.zone)
    late = visit(here, doctor, time(9), "COMPLETED", checked_in_at=at, vitals_recorded_at=at + 40 * minute)
    consulted(here, doctor, late, at + 30 * minute, completed_at=at + 50 * minute)
    again = visit(here, doctor, time(9, 30), "COMPLETED", checked_in_at=at + 60 * minute)
    consulted(here, doctor, again, at + 45 * minute, status="ABANDONED", abandoned_at=at + 50 * minute)
    consulted(here, doctor, again, at + 90 * minute, completed_at=at + 95 * minute)
    ready = next(one for one in overview.waits(here.session, here.admin, WEEK) if one.stage is WaitStage.DOCTOR)
    assert ready == Waited(WaitStage.DOCTOR, 2, 30 * minute, 30 * minute)


def test_what_became_of_messages(here: Clinic, elsewhere: Clinic) -> None:
    midnight = first_instant(MONDAY, time.min, here.actor.zone)
    told = [
        ("sms", "SENT", midnight),
        ("sms", "FAILED", midnight),
        ("email", "NOT_CONFIGURED", midnight + timedelta(days=1)),
        ("email", "QUEUED", midnight + timedelta(days=1)),
        ("email", "SUPPRESSED", midnight),
        ("in_app", "SENT", midnight),
        ("sms", "SENT", midnight - timedelta(seconds=1)),
        ("sms", "SENT", midnight + timedelta(days=7)),
    ]
    rows = [
        {"channel": channel, "state": state, "created_at": at, "event": "appointment.booked"}
        for channel, state, at in told
    ]
    rows.append({"channel": "sms", "state": "SENT", "created_at": midnight, "event": "provider.test"})
    for clinic in (here, elsewhere):
        whose = {"hospital_id": clinic.actor.hospital_id, "user_id": clinic.actor.user_id}
        common = whose | {"priority": "NORMAL", "title": "T", "body": "B"}
        full = [row | common | {"id": new_id(), "dedupe_key": str(n)} for n, row in enumerate(rows)]
        here.session.execute(sa.insert(Notification), full)
        here.session.commit()
    found = overview.messages(here.session, here.admin, WEEK)
    assert found.whole == Delivered(1, 1, 1, 1)
    assert [told for _, told in found.over_time][:3] == [
        Delivered(1, 1, 0, 0),
        Delivered(0, 0, 1, 1),
        Delivered(0, 0, 0, 0),
    ]
    assert found.by_channel == [(Channel.SMS, Delivered(1, 1, 0, 0)), (Channel.EMAIL, Delivered(0, 0, 1, 1))]


def test_an_empty_hospital_has_no_figures(here: Clinic) -> None:
    found = rates(here)
    assert (found.whole, found.by_hour, found.by_doctor, found.by_lead_time) == (NOBODY, {}, [], [])
    assert filled(here) == EMPTY
    assert overview.waits(here.session, here.admin, WEEK) == []
    assert overview.messages(here.session, here.admin, WEEK).by_channel == []


def test_a_week_does_not_read_the_whole_table(grown: tuple[Clinic, UUID, UUID]) -> None:
    here, doctor, _ = grown
    week = Days(MONDAY - timedelta(days=7), MONDAY - timedelta(days=1))
    with explained(here.session) as plans:
        no_show_figures.figures(here.session, here.admin, week, now=NOW)
        no_show_figures.figures(here.session, here.admin, week, doctor_id=doctor, now=NOW)
        overview.utilisation(here.session, here.admin, week, now=NOW)
        overview.waits(here.session, here.admin, week)
    assert len(plans) == 6
    assert [plan for plan in plans if "Seq Scan on appointments" in plan] == []
    assert sum("ix_appointments_" in plan for plan in plans) == 4
    here.session.execute(
        MANY_MESSAGES, {"hospital": here.actor.hospital_id, "patient": here.patient(), "monday": MONDAY}
    )
    here.session.execute(sa.text("ANALYZE notifications"))
    with explained(here.session) as plans:
        overview.messages(here.session, here.admin, week)
    assert "ix_notifications_hospital_id_created_at" in plans[-1]
