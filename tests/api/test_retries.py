"""A request that is sent again is carried out once."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web import clock
from hms_web.models import Appointment, IdempotencyKey, Patient, User
from tests.api.callers import Caller, code, fields
from tests.scenes import NOW, Clinic


def request(here: Clinic, time: str = "10:00") -> dict[str, str]:
    return {"patientId": str(here.patient()), "doctorId": str(here.doctor()), "date": "2026-03-02", "time": time}


def test_the_same_key_gives_the_first_answer_again(reception: Caller, here: Clinic) -> None:
    wanted = request(here)
    first = reception.post("/appointments", wanted, Idempotency_Key="k1")
    again = reception.post("/appointments", dict(reversed(wanted.items())), Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert here.count(Appointment) == 1


def test_the_same_key_with_another_body_or_address_is_refused(reception: Caller, here: Clinic) -> None:
    wanted = request(here)
    reception.post("/appointments", wanted, Idempotency_Key="k1")
    reused = 422, "IDEMPOTENCY_KEY_REUSED"
    assert code(reception.post("/appointments", wanted | {"time": "11:00"}, Idempotency_Key="k1")) == reused
    patient = {"name": "Asha Rao", "phone": "98765 43210"}
    assert code(reception.post("/patients", patient, Idempotency_Key="k1")) == reused
    assert here.count(Appointment) == 1


def test_a_refusal_is_an_answer_too(reception: Caller, admin: Caller, here: Clinic) -> None:
    wanted = request(here)
    taken = here.book(UUID(wanted["doctorId"]), here.patient(), clock.now().time().replace(10, 0, 0, 0))
    first = reception.post("/appointments", wanted, Idempotency_Key="k1")
    assert code(first) == (409, "SLOT_TAKEN")
    reception.delete(f"/appointments/{taken.id}")
    assert reception.post("/appointments", wanted, Idempotency_Key="k1").data == first.data
    assert reception.post("/appointments", wanted, Idempotency_Key="k2").status_code == 201
    # One that a service raises, after which the same transaction still remembers it.
    user = {"name": "A B", "email": "a@b.test", "role": "NURSE"}
    assert admin.post("/users", user).status_code == 201
    again = [admin.post("/users", user, Idempotency_Key="u1") for _ in range(2)]
    assert code(again[0]) == (409, "EMAIL_TAKEN")
    assert again[0].data == again[1].data
    assert here.count(User, email="a@b.test") == 1


def test_wrong_input_is_not_kept_so_that_it_can_be_put_right(reception: Caller, here: Clinic) -> None:
    patient = {"name": "Asha Rao", "phone": "none"}
    assert fields(reception.post("/patients", patient, Idempotency_Key="k1")) == ["phone"]
    assert reception.post("/patients", patient | {"phone": "98765"}, Idempotency_Key="k1").status_code == 201


def test_a_key_is_its_callers_and_lasts_a_day(reception: Caller, admin: Caller, here: Clinic) -> None:
    patient = {"name": "Asha Rao", "phone": "98765 43210"}
    first = reception.post("/patients", patient, Idempotency_Key="k1")
    assert admin.post("/patients", patient, Idempotency_Key="k1").data != first.data
    here.session.execute(sa.update(IdempotencyKey).values(created_at=NOW - timedelta(hours=25)))
    here.session.commit()
    assert reception.post("/patients", patient, Idempotency_Key="k1").data != first.data
    assert here.count(Patient) == 3


@pytest.mark.parametrize("key", ["", "k" * 201, "tab\tinside"])
def test_a_key_that_is_none(reception: Caller, key: str) -> None:
    answer = reception.post("/patients", {"name": "Asha Rao", "phone": "98765 43210"}, Idempotency_Key=key)
    assert fields(answer) == ["Idempotency-Key"]


def test_every_post_that_creates_takes_a_key(admin: Caller, here: Clinic) -> None:
    doctor = here.doctor()
    absence = {"absenceType": "OTHER", "startDate": "2026-03-09", "endDate": "2026-03-09"}
    for path, body in {
        "/users": {"name": "A B", "email": "a@b.test", "role": "NURSE"},
        "/doctors": {"name": "C D", "email": "c@d.test", "department": "ENT"},
        "/patients": {"name": "Asha Rao", "phone": "98765 43210"},
        "/holidays": {"name": "Diwali", "date": "2026-11-08"},
        f"/doctors/{doctor}/absences": absence,
    }.items():
        first, again = (admin.post(path, body, Idempotency_Key=f"key of {path}") for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.data == again.data


def test_neither_a_password_nor_a_link_lies_readable_in_the_database(admin: Caller, here: Clinic) -> None:
    user = {"name": "A B", "email": "a@b.test", "role": "NURSE"}
    made = admin.post("/users", user, Idempotency_Key="k1").json
    assert made is not None
    token = made["passwordLink"]["url"].rpartition("/")[2]
    kept = here.session.execute(sa.select(sa.cast(IdempotencyKey.body, sa.Text), IdempotencyKey.fingerprint)).one()
    assert token not in "".join(kept)
    assert made["email"] not in "".join(kept)
