"""Taking vitals of people who are here."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from hms_web.domain.refusals import Code, InvalidInput, Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import Readings
from hms_web.models import AuditEvent, StageAlert, Vitals, new_id
from hms_web.services import visits, vitals
from hms_web.services.vitals import Measured, VitalsView
from tests import invariants
from tests.scenes import MONDAY, NOW, Clinic

S = AppointmentStatus
CALM = Readings(temperature_c=Decimal("36.6"), pulse_bpm=72)


def arrived(here: Clinic, **patient: object) -> UUID:
    booked = here.book(here.doctor(), here.patient(**patient), time(10))
    visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=NOW)
    return booked.id


def taken(here: Clinic, key: UUID, readings: Readings = CALM, minutes: int = 5, note: str | None = None) -> VitalsView:
    now = NOW + timedelta(minutes=minutes)
    view = vitals.record(here.session, here.actor, key, readings, note=note, now=now)
    assert isinstance(view, VitalsView), view
    return view


def refused(here: Clinic, key: UUID, *, days: int = 0) -> Refusal:
    answer = vitals.record(here.session, here.actor, key, CALM, now=NOW + timedelta(days=days))
    assert isinstance(answer, Refusal), answer
    return answer


def test_the_first_taking_moves_the_visit_on_and_every_taking_stays(here: Clinic) -> None:
    key = arrived(here)
    first = taken(here, key, note=" at rest ")
    assert (first.readings, first.note, first.recorded_by, first.unusual) == (CALM, "at rest", "Reception 1", ())
    taken(here, key, Readings(pulse_bpm=80, spo2_percent=97), minutes=9)
    row = here.row(key)
    assert (row.vitals_recorded_at, row.version) == (NOW + timedelta(minutes=5), 4)
    assert [view.readings.pulse_bpm for view in vitals.of_appointment(here.session, here.actor, key)] == [80, 72]
    newest = vitals.latest(here.session, here.actor, [key, uuid4()])
    figures = Readings(temperature_c=Decimal("36.6"), pulse_bpm=80, spo2_percent=97)
    assert newest == {key: Measured(figures, frozenset())}
    taken(here, key, Readings(pulse_bpm=190), minutes=10)
    assert vitals.latest(here.session, here.actor, [key])[key].unusual == {"pulse_bpm"}
    assert vitals.latest(here.session, here.actor, []) == {}
    invariants.check(here.session.connection())


def test_the_trail_names_the_readings_and_not_their_figures(here: Clinic) -> None:
    key = arrived(here)
    taken(here, key, note="afraid of needles")
    (event,) = here.session.query(AuditEvent).filter_by(action="appointment.vitals_recorded")
    assert event.details == {"readings": ["temperature_c", "pulse_bpm"]}


def test_what_no_body_does_is_refused_by_field_and_nothing_is_written(here: Clinic) -> None:
    key = arrived(here)
    wrong = Readings(temperature_c=Decimal(366), pulse_bpm=7, spo2_percent=98)
    with pytest.raises(InvalidInput) as found:
        vitals.record(here.session, here.actor, key, wrong, now=NOW)
    assert [field for field, _ in found.value.errors] == ["temperatureC", "pulseBpm"]
    with pytest.raises(InvalidInput):
        vitals.record(here.session, here.actor, key, Readings(), now=NOW)
    assert here.count(Vitals) == 0
    assert here.row(key).vitals_recorded_at is None


def test_what_is_rare_is_taken_with_a_word_and_depends_on_the_age(here: Clinic) -> None:
    infant = arrived(here, date_of_birth=date(2025, 12, 1))
    assert taken(here, infant, Readings(pulse_bpm=150)).unusual == ()
    adult = here.book(here.doctor(), here.patient(), time(11)).id
    visits.set_status(here.session, here.actor, adult, S.CHECKED_IN, now=NOW)
    (warning,) = taken(here, adult, Readings(pulse_bpm=150)).unusual
    assert (warning.name, "check this value" in warning.sentence) == ("pulse_bpm", True)


def test_only_of_people_who_are_here_today(here: Clinic, elsewhere: Clinic) -> None:
    missing = Refusal(Code.APPOINTMENT_NOT_FOUND)
    assert refused(here, uuid4()) == missing
    expected = here.book(here.doctor(), here.patient(), time(10)).id
    assert refused(here, expected).facts == {"from": S.SCHEDULED, "vitals": True}
    key = arrived(here)
    assert refused(elsewhere, key) == missing
    assert vitals.of_appointment(elsewhere.session, elsewhere.actor, key) == []
    assert refused(here, key, days=1).facts == {"from": S.CHECKED_IN, "vitals": True, "day": MONDAY}
    assert here.count(Vitals) == 0


def test_undoing_the_check_in_keeps_the_readings_and_starts_the_visit_again(here: Clinic) -> None:
    key = arrived(here)
    taken(here, key)
    for status in (S.SCHEDULED, S.CHECKED_IN):
        visits.set_status(here.session, here.actor, key, status, now=NOW + timedelta(minutes=20))
        assert here.row(key).vitals_recorded_at is None
    assert here.row(key).checked_in_at == NOW + timedelta(minutes=20)
    assert len(vitals.of_appointment(here.session, here.actor, key)) == 1
    taken(here, key, minutes=30)
    assert here.row(key).vitals_recorded_at == NOW + timedelta(minutes=30)


def alert(here: Clinic, key: UUID) -> StageAlert:
    row = here.row(key)
    added = StageAlert(
        id=new_id(),
        hospital_id=row.hospital_id,
        appointment_id=key,
        patient_id=row.patient_id,
        doctor_id=row.doctor_id,
        alert_type="NO_VITALS",
        status="ACTIVE",
        message="Waits",
        waiting_since=NOW,
        created_at=NOW,
    )
    here.session.add(added)
    here.session.commit()
    return added


@pytest.mark.parametrize("moved_by", ["vitals", "undo", "cancel"])
def test_whoever_moves_on_is_no_longer_waited_for(here: Clinic, moved_by: str) -> None:
    key = arrived(here)
    waiting = alert(here, key)
    if moved_by == "vitals":
        taken(here, key)
    else:
        status = S.SCHEDULED if moved_by == "undo" else S.CANCELLED
        visits.set_status(here.session, replace(here.actor), key, status, now=NOW)
    here.session.refresh(waiting)
    assert waiting.status == "RESOLVED"
