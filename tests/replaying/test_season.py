"""A season lived through: what its files say has happened; the rest follows by the rules (docs/replay.md)."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.importing import Unusable
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.schedules import DayOfWeek
from hms_web.models import Appointment, Consultation, NoShowLog, Patient, StageAlert, Vitals
from hms_web.services import doctors
from hms_web.services.replaying import acts, clinics, opening, report
from hms_web.services.replaying import season as seasons
from hms_web.services.replaying.report import Counts
from tests import invariants
from tests.replaying.conftest import Folder

KOLKATA = ZoneInfo("Asia/Kolkata")
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def live(session: Session, folder: Path, until: date | None = None) -> dict[str, Counts]:
    """Live a folder's season in a hospital of its own; afterwards the invariants hold."""
    found = clinics.read(folder)
    plan = seasons.plan(found, timezone="Asia/Kolkata", until=until)
    opens = plan.events[0].at - seasons.A_DAY
    house = opening.open_hospital(session, "Replayed", "Asia/Kolkata", found, at=opens)
    done: list[int] = []
    refused = seasons.live(session, house, plan, advance=done.append)
    assert sum(done) == len(plan.events)
    counts = report.of(session, house, refused)
    session.rollback()
    invariants.check(session.connection())
    session.rollback()
    return counts


def at(day: str, clock: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), KOLKATA)


def test_whoever_came_is_seen_at_the_times_of_the_file(session: Session, heart: Folder, season: Path) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "08:50:10", "09:02:00", "09:15:30")
    counts = live(session, season)
    assert counts == {
        "heart-clinic": {
            "booked": 1,
            "refused": {},
            "byStatus": {"COMPLETED": 1},
            "noShowLogs": 0,
            "patientsBlocked": 0,
            "alerts": {},
            "messages": 2,
        }
    }
    booked = session.scalars(sa.select(Appointment)).one()
    seen = session.scalars(sa.select(Consultation)).one()
    assert booked.created_at == at("2026-02-25", "08:00")
    assert booked.checked_in_at == at(MONDAY, "08:50:10")
    assert session.scalars(sa.select(Vitals.recorded_at)).one() == at(MONDAY, "08:55:10")
    assert (seen.started_at, seen.completed_at) == (at(MONDAY, "09:02"), at(MONDAY, "09:15:30"))
    assert session.scalars(sa.select(Patient.mrn).order_by(Patient.mrn).limit(1)).one() == "heart-clinic-001"


def test_the_doctor_has_the_hours_and_the_slot_length_of_the_slots(
    session: Session, heart: Folder, season: Path
) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "08:50:10", "09:02:00", "09:15:30")
    found = clinics.read(season)
    house = opening.open_hospital(session, "Replayed", "Asia/Kolkata", found, at=at("2026-02-01", "08:00"))
    doctor = doctors.get(session, house.desk, house.practices[0].doctor_id)
    assert (doctor.name, doctor.slot_duration) == ("Dr. Heart Clinic", 30)
    assert [hours.day_of_week for hours in doctor.schedules] == list(DayOfWeek)[:5]
    assert {(hours.start_time, hours.break_start, hours.break_end, hours.end_time) for hours in doctor.schedules} == {
        (time(9), time(11), time(14), time(14, 30))
    }
    session.rollback()


@pytest.mark.parametrize("status", ["did not attend", "unknown"])
def test_whoever_never_comes_is_marked_by_the_sweep(session: Session, heart: Folder, season: Path, status: str) -> None:
    heart.add(MONDAY, "09:30:00", status)
    counts = live(session, season, until=date(2026, 3, 3))["heart-clinic"]
    assert (counts["byStatus"], counts["noShowLogs"]) == ({"NO_SHOW": 1}, 1)
    # the tick at which the slot's length has gone by, and not one later
    assert session.scalars(sa.select(NoShowLog.created_at)).one() == at(MONDAY, "10:00")


def test_whoever_comes_after_the_sweep_is_taken_back_and_seen(session: Session, heart: Folder, season: Path) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "09:31:00", "09:40:00", "09:50:00")
    counts = live(session, season)["heart-clinic"]
    assert (counts["byStatus"], counts["noShowLogs"]) == ({"COMPLETED": 1}, 1)
    assert session.scalars(sa.select(NoShowLog.reverted_at)).one() == at(MONDAY, "09:31")
    assert session.scalars(sa.select(Patient.no_show_count).order_by(Patient.mrn)).first() == 0


def test_the_sweep_comes_before_whatever_else_happens_in_its_minute(
    session: Session, heart: Folder, season: Path
) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "09:30:00", "09:40:00", "09:50:00")
    assert live(session, season)["heart-clinic"]["noShowLogs"] == 1


def test_three_missed_ones_block_and_later_bookings_are_refused(session: Session, heart: Folder, season: Path) -> None:
    for day in (MONDAY, TUESDAY, "2026-03-04"):
        heart.add(day, "09:00:00", "did not attend")
    heart.add("2026-03-06", "09:00:00", "attended", "08:50:00", "09:00:00", "09:10:00", booked="2026-03-05")
    heart.add("2026-03-06", "09:30:00", "attended", "09:20:00", "09:30:00", "09:40:00", patient="002")
    counts = live(session, season)["heart-clinic"]
    assert counts["refused"] == {"PATIENT_BLOCKED": 1}
    assert (counts["booked"], counts["patientsBlocked"]) == (4, 1)
    assert counts["byStatus"] == {"COMPLETED": 1, "NO_SHOW": 3}


def test_a_taken_time_is_refused_and_nothing_follows_and_a_cancelled_one_is_free_again(
    session: Session, heart: Folder, season: Path
) -> None:
    heart.add(MONDAY, "09:00:00", "cancelled")
    heart.add(MONDAY, "09:00:00", "attended", "08:50:00", "09:00:00", "09:10:00", patient="002")  # the same morning
    heart.add(MONDAY, "09:00:00", "attended", "08:50:00", "09:00:00", "09:10:00", patient="003", booked="2026-02-26")
    counts = live(session, season)["heart-clinic"]
    assert counts["refused"] == {"SLOT_TAKEN": 1}
    assert counts["byStatus"] == {"CANCELLED": 1, "COMPLETED": 1}
    assert session.scalars(
        sa.select(Appointment.cancelled_at).where(Appointment.cancelled_at.is_not(None))
    ).one() == at("2026-02-25", "08:30")


def test_a_long_wait_for_the_doctor_is_an_alert_and_one_still_to_come_waits(
    session: Session, heart: Folder, season: Path
) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "08:50:00", "09:41:00", "09:50:00")
    heart.add("2026-03-06", "09:00:00", "scheduled", patient="002")
    counts = live(session, season)["heart-clinic"]
    assert counts["alerts"] == {"NO_DOCTOR": 1}
    assert counts["byStatus"] == {"COMPLETED": 1, "SCHEDULED": 1}
    alert = session.scalars(sa.select(StageAlert)).one()
    assert (alert.created_at, alert.resolved_at) == (at(MONDAY, "09:40"), at(MONDAY, "09:41"))


def test_clinics_count_their_own_patients(session: Session, heart: Folder, season: Path) -> None:
    heart.add(MONDAY, "09:00:00", "attended", "08:50:00", "09:00:00", "09:10:00")
    Folder(season / "skin").add(MONDAY, "09:00:00", "did not attend")
    counts = live(session, season)
    assert {name: clinic["byStatus"] for name, clinic in counts.items()} == {
        "heart-clinic": {"COMPLETED": 1},
        "skin": {"NO_SHOW": 1},
    }


def test_a_season_needs_an_end_a_zone_and_something_to_happen(heart: Folder, season: Path) -> None:
    heart.add(MONDAY, "09:00:00", "did not attend")
    found = clinics.read(season)
    with pytest.raises(Unusable, match="--until"):
        seasons.plan(found, timezone="Asia/Kolkata")
    with pytest.raises(Unusable, match="Nothing happens"):
        seasons.plan(found, timezone="Asia/Kolkata", until=date(2026, 1, 1))
    with pytest.raises(InvalidInput):
        seasons.plan(found, timezone="Nowhere", until=date(2026, 4, 1))


def test_what_is_refused_although_it_happened_breaks_the_season_off() -> None:
    with pytest.raises(Refused):
        acts._done(Refusal(Code.INVALID_TRANSITION))
