"""What has served its time goes, what has not stays."""

from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.models import ApiToken, CronJobRun, DoctorSlot, IdempotencyKey, LoginSession, PasswordLink
from hms_web.services import housekeeping, job_runs, slots
from hms_web.services.housekeeping import CleanedUp
from hms_web.services.known_programs import KNOWN_FOR
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.test_indexes import explained

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


def session_row(here: Clinic, key: str, **times: object) -> LoginSession:
    columns = {"created_at": NOW, "last_seen_at": NOW, "expires_at": NOW + DAY} | times
    return LoginSession(user_id=here.actor.user_id, token_hash=key, **columns)


def run_row(here: Clinic, started_at: datetime, status: str = "SUCCESS") -> CronJobRun:
    mine = here.actor.hospital_id
    return CronJobRun(
        hospital_id=mine, job_name="NO_SHOW_CHECK", source="SCHEDULER", status=status, started_at=started_at
    )


@pytest.mark.parametrize("is_empty", [True, False])
def test_only_what_has_ended_is_removed(here: Clinic, is_empty: bool) -> None:  # noqa: FBT001
    mine = here.actor.user_id
    if not is_empty:
        here.session.add_all(
            [
                session_row(here, "live"),
                session_row(here, "expired", expires_at=NOW),
                session_row(here, "idle", last_seen_at=NOW - timedelta(minutes=15)),
                ApiToken(user_id=mine, token_hash="live", created_at=NOW, expires_at=NOW - KNOWN_FOR + SECOND),
                ApiToken(user_id=mine, token_hash="expired", created_at=NOW, expires_at=NOW - KNOWN_FOR),
                PasswordLink(user_id=mine, token_hash="live", created_at=NOW, expires_at=NOW + SECOND),
                PasswordLink(user_id=mine, token_hash="expired", created_at=NOW, expires_at=NOW),
                IdempotencyKey(user_id=mine, key="live", fingerprint="x", created_at=NOW - DAY + SECOND),
                IdempotencyKey(user_id=mine, key="old", fingerprint="x", created_at=NOW - DAY),
                run_row(here, NOW - job_runs.KEPT_FOR),
                run_row(here, NOW - job_runs.KEPT_FOR + SECOND),
                run_row(here, NOW - 2 * job_runs.KEPT_FOR, status="RUNNING"),
            ]
        )
        here.session.commit()
    expected = (
        CleanedUp(0, 0, 0, 0, 0, 0)
        if is_empty
        else CleanedUp(sessions=2, tokens=1, links=1, answers=1, holds=0, runs=1)
    )
    assert housekeeping.clean_up(here.session, now=NOW) == expected
    assert housekeeping.clean_up(here.session, now=NOW) == CleanedUp(0, 0, 0, 0, 0, 0)
    left = 0 if is_empty else 1
    assert here.count(LoginSession, token_hash="live") == here.count(ApiToken, token_hash="live") == left
    assert here.count(PasswordLink, token_hash="live") == here.count(IdempotencyKey, key="live") == left


def test_a_hold_that_lapsed_long_ago_is_forgotten(here: Clinic, engine: sa.Engine) -> None:
    doctor_id = here.doctor()
    slots.of_date(here.session, here.actor, doctor_id, MONDAY, now=NOW)
    times = {9: NOW - HOUR, 10: NOW - HOUR + SECOND, 11: NOW + SECOND, 14: NOW - DAY}
    held = {hour: here.slot(doctor_id, time(hour)).id for hour in times}
    for hour, until in times.items():
        values = {"held_by_id": here.actor.user_id, "held_until": until, "hold_token_hash": "x"}
        here.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == held[hour]).values(values))
    here.session.commit()
    with engine.begin() as somebody:
        somebody.execute(sa.select(DoctorSlot.id).where(DoctorSlot.id == held[14]).with_for_update())
        assert housekeeping.clean_up(here.session, now=NOW).holds == 1, "nobody is waited for"
    assert housekeeping.clean_up(here.session, now=NOW).holds == 1
    still = sa.select(DoctorSlot.id).where(
        DoctorSlot.held_until.is_not(None), DoctorSlot.held_by_id.is_not(None), DoctorSlot.hold_token_hash.is_not(None)
    )
    assert set(here.session.scalars(still)) == {held[10], held[11]}


def test_held_slots_are_found_by_their_index(here: Clinic) -> None:
    here.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    with explained(here.session) as plans:
        housekeeping._empty_holds(here.session, now=NOW)
    assert "ix_doctor_slots_held_until" in plans[0], plans[0]
