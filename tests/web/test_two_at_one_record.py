"""Two people change one record: nobody undoes what the other did without having seen it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.models import Doctor, HospitalHoliday, Patient, User
from tests.scenes import MONDAY
from tests.web.pages import Form
from tests.web.record_scenes import Desk


@dataclass
class Record:
    """A record with a form, one field for each of two people, and what stands there."""

    desk: Desk
    path: str
    action: str
    mine: dict[str, Any]
    theirs: dict[str, Any]
    columns: dict[str, Any]

    def form(self) -> Form:
        """Open the form."""
        return self.desk.admin().get(self.path).form(self.action)

    def stands(self) -> dict[str, str]:
        """What the database says."""
        self.desk.session.rollback()
        return {name: str(self.desk.session.scalar(query)) for name, query in self.columns.items()}


@pytest.fixture(params=["patient", "doctor", "user", "holiday"])
def record(request: pytest.FixtureRequest, desk: Desk) -> Record:
    """Each kind of record that has a form."""
    user_id = desk.clinic.actor.user_id
    patient = lambda column: sa.select(column).where(Patient.id == desk.patient_id)  # noqa: E731
    doctor = lambda column: sa.select(column).where(Doctor.id == desk.doctor_id)  # noqa: E731
    user = lambda column: sa.select(column).where(User.id == user_id)  # noqa: E731
    if request.param == "patient":
        path, columns = f"/patients/{desk.patient_id}/edit", {"name": patient(Patient.name)}
        mine, theirs = {"name": "Asha S. Rao"}, {"phone": "080 555 7777"}
        columns["phone"] = patient(Patient.phone)
        return Record(desk, path, "/edit", mine, theirs, columns)
    if request.param == "doctor":
        columns = {"department": doctor(Doctor.department), "max_patients_per_day": doctor(Doctor.max_patients_per_day)}
        path, mine, theirs = f"/doctors/{desk.doctor_id}", {"department": "Surgery"}, {"max_patients_per_day": "12"}
        return Record(desk, path, path, mine, theirs, columns)
    if request.param == "holiday":
        key = desk.clinic.holiday(MONDAY + timedelta(days=40))
        holiday = lambda column: sa.select(column).where(HospitalHoliday.id == key)  # noqa: E731
        columns, path = {"name": holiday(HospitalHoliday.name)}, f"/holidays/{key}"
        columns["is_recurring"] = holiday(sa.case((HospitalHoliday.is_recurring, "y"), else_=""))
        return Record(desk, path, path, {"name": "Founder's day"}, {"is_recurring": "y"}, columns)
    columns, path = {"name": user(User.name), "role": user(User.role)}, f"/users/{user_id}"
    return Record(desk, path, path, {"name": "Rosa"}, {"role": "NURSE"}, columns)


def test_each_keeps_what_the_other_did_not_touch(record: Record) -> None:
    one, other = record.form(), record.form()
    assert other.send(**record.theirs).status == 200
    assert one.send(**record.mine).status == 200
    assert record.stands() == record.mine | record.theirs


def test_who_changes_the_same_is_told_and_keeps_what_they_typed(record: Record) -> None:
    (name,) = record.mine
    typed: dict[str, Any] = {name: "Mine instead"}
    one, other = record.form(), record.form()
    assert other.send(**(record.mine | record.theirs)).status == 200
    refused = one.send(**typed)
    assert refused.status == 409
    assert "Somebody else has changed this meanwhile" in refused.text
    assert record.stands() == record.mine | record.theirs
    form = refused.form(record.action)
    assert form.values[name] == "Mine instead"
    for field, value in record.theirs.items():
        assert form.values[field] == value, "what the other changed is shown as it is now"
    assert form.send().status == 200, "who has seen it may decide"
    assert record.stands() == record.theirs | {name: "Mine instead"}


def test_both_the_same_is_no_quarrel(record: Record) -> None:
    one, other = record.form(), record.form()
    assert other.send(**record.mine).status == 200
    assert one.send(**record.mine).status == 200


def test_a_mistake_does_not_forget_what_was_seen(record: Record) -> None:
    (name,) = record.mine
    typed: dict[str, Any] = {name: "Mine instead"}
    one, other = record.form(), record.form()
    blank: dict[str, Any] = {name: " "}
    wrong = one.send(**blank)
    assert wrong.status == 422
    assert other.send(**record.mine).status == 200
    assert wrong.form(record.action).send(**typed).status == 409


def test_made_up_values_are_refused(desk: Desk) -> None:
    form = desk.admin().get(f"/patients/{desk.patient_id}/edit").form("/edit")
    made_up: dict[str, Any] = {"sex": "FEMALE", "seen-sex": "junk"}
    assert form.send(**made_up).status in {400, 409, 422}
