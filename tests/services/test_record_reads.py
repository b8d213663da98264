"""Who read a record is written down once within a quarter of an hour, and reading never fails over it."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.identity import Actor
from hms_web.models import AuditEvent
from hms_web.services import audit, record_reads, unit_of_work
from tests.scenes import NOW, Clinic


def note(here: Clinic, patient: UUID, minutes: float = 0, by: Actor | None = None) -> int:
    """Read a record; return how many readings are written down by then."""
    record_reads.note(here.session, by or here.actor, "patient", patient, now=NOW + timedelta(minutes=minutes))
    return here.count(AuditEvent, action="patient.viewed")


def test_a_reading_is_written_once_within_a_quarter_of_an_hour(here: Clinic) -> None:
    patient = here.patient()
    assert note(here, patient) == note(here, patient, 14.9) == 1
    assert note(here, patient, 15) == 2
    assert note(here, patient, 15, by=here.other) == 3, "each person is written down"
    assert note(here, here.patient(), 15) == 4, "and each record"


def test_readings_are_no_part_of_a_records_own_history(here: Clinic) -> None:
    patient = here.patient()
    note(here, patient)
    audit.record(here.session, here.actor, "patient.changed", "patient", patient, now=NOW)
    assert [event.action for event in audit.history(here.session, here.actor, "patient", patient)] == [
        "patient.changed"
    ]


@pytest.mark.parametrize("error", [unit_of_work.Busy(), sa.exc.OperationalError("", {}, Exception())])
def test_a_record_is_shown_though_the_trail_cannot_be_written(
    here: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def failing(*_given: object, **_named: object) -> None:
        raise error

    patient = here.patient(name="Asha Rao")
    said: list[dict[str, object]] = []
    monkeypatch.setattr(audit, "record", failing)
    monkeypatch.setattr(record_reads.log, "error", lambda event, **named: said.append({"event": event, **named}))
    assert note(here, patient) == 0
    told = {"event": "read_not_audited", "kind": "patient", "record": str(patient), "user": str(here.actor.user_id)}
    assert said == [told | {"error": type(error).__name__}]


def test_a_list_that_is_taken_away_is_written_down_or_refused(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    record_reads.exported(here.session, here.actor, "no_shows", now=NOW, first=NOW.date(), last=None)
    row = here.session.scalars(sa.select(AuditEvent)).one()
    assert (row.action, row.details) == ("hospital.list_exported", {"list": "no_shows", "first": "2026-03-02"})

    def failing(*_given: object, **_named: object) -> None:
        raise unit_of_work.Busy

    monkeypatch.setattr(audit, "record", failing)
    with pytest.raises(unit_of_work.Busy):
        record_reads.exported(here.session, here.actor, "no_shows", now=NOW)
