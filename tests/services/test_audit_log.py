"""The audit trail is found by person, deed, record and day, with one statement a page and by an index."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.refusals import InvalidInput
from hms_web.models import AuditEvent, new_id
from hms_web.services import audit, audit_log, holidays
from hms_web.services.audit_log import AuditFilter, AuditRow
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.test_indexes import explained

DAY = timedelta(days=1)


def record(here: Clinic, action: str, record_id: UUID | None = None, by: object = None, days: int = 0) -> UUID:
    key = record_id or new_id()
    actor = here.actor if by is None else by
    audit.record(here.session, actor, action, action.partition(".")[0], key, now=NOW + days * DAY)  # type: ignore[arg-type]
    here.session.commit()
    return key


def found(here: Clinic, **wanted: object) -> list[str]:
    page = audit_log.search(here.session, here.admin, AuditFilter(**wanted))  # type: ignore[arg-type]
    return [row.action for row in page.items]


def test_what_was_done_is_narrowed_by_each_filter(here: Clinic, elsewhere: Clinic) -> None:
    first = record(here, "patient.created")
    record(here, "patient.changed", first, by=here.other, days=1)
    record(here, "doctor.changed", days=2)
    record(elsewhere, "holiday.created")
    assert found(here) == ["doctor.changed", "patient.changed", "patient.created"]
    assert found(here, person_id=here.other.user_id) == ["patient.changed"]
    assert found(here, action="patient.created") == ["patient.created"]
    assert found(here, kind="patient") == ["patient.changed", "patient.created"]
    assert found(here, kind="patient", record_id=first, last=MONDAY) == ["patient.created"]
    assert found(here, first=MONDAY + DAY, last=MONDAY + DAY) == ["patient.changed"]
    assert found(here, is_system=True) == []


def test_a_page_goes_on_where_the_one_before_ended(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        record(here, "patient.changed")  # all at the same instant
    whole = [row.id for row in audit_log.search(here.session, here.admin, AuditFilter()).items]
    first = audit_log.search(here.session, here.admin, AuditFilter(), limit=3)
    second = audit_log.search(here.session, here.admin, AuditFilter(), limit=3, cursor=first.next_cursor)
    assert [row.id for row in [*first.items, *second.items]] == whole
    assert second.next_cursor is None
    monkeypatch.setattr(audit_log, "AT_A_TIME", 2)
    assert [row.id for row in audit_log.every(here.session, here.admin, AuditFilter())] == whole
    with pytest.raises(InvalidInput):
        audit_log.search(here.session, here.admin, AuditFilter(), cursor="nonsense")


def test_records_are_called_by_their_names(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient(name="Asha Rao")
    booked = here.book(doctor, patient, time(10))
    record(here, "patient.changed", patient)
    record(here, "doctor.changed", doctor)
    record(here, "user.changed", here.admin.user_id)
    record(here, "slot.blocked")
    holidays.create(here.session, here.admin, holidays.NewHoliday("Holi", MONDAY + DAY), now=NOW)
    rows = {row.action: row for row in audit_log.search(here.session, here.admin, AuditFilter()).items}

    def names(row: AuditRow) -> tuple[object, ...]:
        return row.name, row.patient_id, row.patient_name, row.appointment_id, row.appointment_at

    nothing = None, None, None
    assert names(rows["patient.changed"]) == (None, patient, "Asha Rao", None, None)
    assert names(rows["appointment.booked"]) == (None, patient, "Asha Rao", booked.id, booked.starts_at)
    assert names(rows["doctor.changed"]) == ("Dr. 001", None, *nothing)
    assert names(rows["user.changed"]) == ("Admin", None, *nothing)
    assert names(rows["slot.blocked"]) == (None, None, *nothing)
    assert rows["holiday.created"].name == "Holi"
    assert not rows["slot.blocked"].is_system


def test_everybody_with_a_login_can_be_chosen(here: Clinic, elsewhere: Clinic) -> None:
    def names(**wanted: Any) -> list[str]:
        return [one.name for one in audit_log.people(here.session, here.admin, **wanted)]

    assert names(most=9) == ["Admin", "Reception 1", "Reception 2"]
    assert names(most=2) == ["Admin", "Reception 1"]
    assert names(most=9, words="RECEPT, ption") == ["Reception 1", "Reception 2"]
    assert names(most=9, words="recept admin") == []
    one, foreign = audit_log.people(here.session, here.admin, most=1)[0], elsewhere.admin.user_id
    assert foreign is not None
    assert audit_log.person(here.session, here.admin, one.id) == one
    assert one.words == f"Admin, {one.email}"
    assert audit_log.person(here.session, here.admin, foreign) is None


GROW = """
INSERT INTO audit_events (id, hospital_id, at, actor_id, actor_name, action, record_type, record_id, details)
SELECT gen_random_uuid(), e.hospital_id, e.at - n * interval '1 minute',
       CASE WHEN n % 50 > 0 THEN gen_random_uuid() ELSE e.actor_id END, e.actor_name,
       CASE WHEN n % 500 = 0 THEN 'holiday.created' ELSE e.action END, e.record_type, gen_random_uuid(), '{}'
  FROM audit_events e, generate_series(1, 30000) n
"""
WANTED: dict[str, Callable[[Clinic, UUID], AuditFilter]] = {
    "everything": lambda _here, _key: AuditFilter(),
    "days": lambda _here, _key: AuditFilter(first=MONDAY - 6 * DAY, last=MONDAY),
    "person": lambda here, _key: AuditFilter(person_id=here.actor.user_id),
    "action": lambda _here, _key: AuditFilter(action="holiday.created"),
    "record": lambda _here, key: AuditFilter(kind="patient", record_id=key),
    "kind": lambda _here, _key: AuditFilter(kind="patient", first=MONDAY - 6 * DAY),
}


def test_an_index_leads_to_a_page(here: Clinic) -> None:
    key = record(here, "patient.changed")
    here.session.execute(sa.text(GROW))
    here.session.execute(sa.text("ANALYZE audit_events"))
    here.session.commit()
    for name, wanted in WANTED.items():
        with explained(here.session) as plans:
            audit_log.search(here.session, here.admin, wanted(here, key))
        assert len(plans) == 1, name
        assert "Seq Scan on audit_events" not in plans[0], (name, plans[0])
        assert "using ix_audit_events" in plans[0] or "on ix_audit_events" in plans[0], (name, plans[0])
    assert here.count(AuditEvent) == 30_001
