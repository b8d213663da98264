"""Links to doctors' calendars, and what they give."""

from datetime import datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import Appointment, AuditEvent, CalendarLink, Doctor, Hospital, User
from hms_web.services import booking, calendar_feed, calendar_links, cancelling, passwords, users
from hms_web.services.booking import AppointmentChange
from hms_web.services.calendar_feed import CalendarLimits, Feed, TooOften
from hms_web.services.users import UserChange
from tests.scenes import MONDAY, NOW, Clinic

ADDRESS = "192.0.2.7"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def limits(redis_url: str) -> CalendarLimits:
    return CalendarLimits(redis_url)


def fetch(here: Clinic, secret: str, limits: CalendarLimits, now: datetime = NOW) -> Feed | None:
    return calendar_feed.fetch(here.session, secret, limits, ADDRESS, now=now)


def fetched(here: Clinic, secret: str, limits: CalendarLimits) -> Feed:
    found = fetch(here, secret, limits)
    assert found is not None
    return found


def actions(session: Session, record_id: UUID) -> list[str]:
    rows = sa.select(AuditEvent.action).where(AuditEvent.record_id == record_id).order_by(AuditEvent.id)
    return [action for action in session.scalars(rows) if "calendar" in action or action == "hospital.changed"]


def test_a_link_works_until_it_is_revoked_and_only_its_hash_is_kept(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session, actor = here.doctor(), here.session, here.admin
    secret = calendar_links.create(session, actor, doctor, " my phone ", now=NOW)
    (link,) = calendar_links.valid(session, actor, doctor)
    assert (link.name, link.last_used_at) == ("my phone", None)
    assert session.get_one(CalendarLink, link.id).token_hash == passwords.secret_hash(secret)
    assert fetched(here, secret, limits).doctor_name == "Dr. 001"
    assert fetch(here, secret + "x", limits) is None
    for minutes, noted in ((14, NOW), (15, NOW + timedelta(minutes=15))):
        fetch(here, secret, limits, now=NOW + timedelta(minutes=minutes))
        session.expire_all()
        assert calendar_links.valid(session, actor, doctor)[0].last_used_at == noted
    assert calendar_links.revoke(session, actor, doctor, link.id, now=NOW)
    assert not calendar_links.revoke(session, actor, doctor, link.id, now=NOW)
    assert calendar_links.valid(session, actor, doctor) == []
    assert fetch(here, secret, limits) is None
    assert actions(session, doctor) == ["doctor.calendar_link_made", "doctor.calendar_link_revoked"]


def test_links_have_names_of_their_own_and_there_are_five_at_most(here: Clinic) -> None:
    doctor, session, actor = here.doctor(), here.session, here.admin
    for name in ("", "x" * 61, "two\nlines"):
        with pytest.raises(InvalidInput):
            calendar_links.create(session, actor, doctor, name, now=NOW)
    for number in range(5):
        calendar_links.create(session, actor, doctor, f"phone {number}", now=NOW)
    with pytest.raises(InvalidInput, match="of that name"):
        calendar_links.create(session, actor, doctor, "phone 3", now=NOW)
    with pytest.raises(InvalidInput, match="There are 5 links"):
        calendar_links.create(session, actor, doctor, "sixth", now=NOW)
    with pytest.raises(Refused) as refused:
        calendar_links.create(session, actor, uuid4(), "phone", now=NOW)
    assert refused.value.refusal.code is Code.DOCTOR_NOT_FOUND
    other = here.doctor()
    link = calendar_links.valid(session, actor, doctor)[0]
    assert not calendar_links.revoke(session, actor, other, link.id, now=NOW), "a colleague's link"


def test_moved_and_cancelled_appointments_and_leave_stand_in_it(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session, actor = here.doctor(), here.session, here.actor
    kept = here.book(doctor, here.patient(name="Asha Sharma"), time(10))
    gone = here.book(doctor, here.patient(), time(11))
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    here.absence(doctor, TUESDAY, TUESDAY + timedelta(days=1))
    here.absence(doctor, MONDAY + timedelta(days=4), MONDAY + timedelta(days=4), (time(9), time(12)))
    booking.change(session, actor, kept.id, AppointmentChange(time=time(15)), now=NOW)
    cancelling.cancel(session, actor, gone.id, reason="called", now=NOW, version=None)
    feed = fetched(here, secret, limits)
    cancelled, moved = feed.visits
    assert (cancelled.id, cancelled.is_cancelled) == (gone.id, True)
    assert (moved.id, moved.is_cancelled, moved.version) == (kept.id, False, kept.version + 1)
    assert moved.starts_at == NOW + timedelta(hours=7)
    assert moved.patient_name is None
    whole, hours = feed.away
    assert (whole.begin, whole.end) == (TUESDAY, TUESDAY + timedelta(days=2))
    friday_at_nine = NOW + timedelta(days=4, hours=1)
    assert (hours.begin, hours.end) == (friday_at_nine, friday_at_nine + timedelta(hours=3))


def test_names_are_the_hospitals_decision_and_audited(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session = here.doctor(), here.session
    here.book(doctor, here.patient(name="Asha Sharma"), time(10))
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    assert not calendar_links.show_names(session, here.admin)
    for is_wanted, name in ((True, "Asha Sharma"), (True, "Asha Sharma"), (False, None)):
        calendar_links.let_show_names(session, here.admin, is_wanted=is_wanted, now=NOW)
        assert fetched(here, secret, limits).visits[0].patient_name == name
    assert actions(session, here.actor.hospital_id) == ["hospital.changed"] * 2


def test_who_left_has_no_calendar(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session = here.doctor(), here.session
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    session.execute(sa.update(User).where(User.name == "Dr. 001").values(is_active=False))
    session.commit()
    assert fetch(here, secret, limits) is None


def test_a_link_of_who_left_does_not_come_back_with_them(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session = here.doctor(), here.session
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    user_id = session.get_one(Doctor, doctor).user_id
    for is_active in (False, True):
        users.change(session, here.admin, user_id, UserChange(is_active=is_active), now=NOW)
        assert fetch(here, secret, limits) is None
    assert actions(session, doctor) == ["doctor.calendar_link_made", "doctor.calendar_link_revoked"]


def test_a_time_to_come_that_nobody_will_keep_is_taken_away(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session = here.doctor(), here.session
    missed = here.book(doctor, here.patient(), time(10), TUESDAY)
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    session.execute(sa.update(Appointment).where(Appointment.id == missed.id).values(status="NO_SHOW"))
    session.commit()
    assert [(one.id, one.is_cancelled) for one in fetched(here, secret, limits).visits] == [(missed.id, True)]


def test_leave_at_a_clock_change_has_the_right_instants(here: Clinic, limits: CalendarLimits) -> None:
    doctor, session = here.doctor(), here.session
    there = sa.update(Hospital).where(Hospital.id == here.actor.hospital_id).values(timezone="Europe/Berlin")
    session.execute(there)
    session.commit()
    change = MONDAY + timedelta(days=27)  # 29 March 2026, on which two o'clock is three
    here.absence(doctor, change, change, (time(1), time(4)))
    secret = calendar_links.create(session, here.admin, doctor, "phone", now=NOW)
    (away,) = fetched(here, secret, limits).away
    assert isinstance(away.begin, datetime)
    assert isinstance(away.end, datetime)
    assert away.end - away.begin == timedelta(hours=2)


def test_asking_too_often_is_refused(here: Clinic, limits: CalendarLimits, redis: object) -> None:
    secret = calendar_links.create(here.session, here.admin, here.doctor(), "phone", now=NOW)
    for _ in range(calendar_feed.WRONG_FROM_AN_ADDRESS.amount):
        assert fetch(here, "wrong", limits) is None
    with pytest.raises(TooOften):
        fetch(here, "wrong", limits)
    for _ in range(calendar_feed.RIGHT_OF_A_LINK.amount):
        fetched(here, secret, limits)
    with pytest.raises(TooOften):
        fetch(here, secret, limits)
