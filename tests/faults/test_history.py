"""The checks of a history can fail: what is promised and not there, and what is refused without a reason, is named."""

from typing import Any

import sqlalchemy as sa

from tests.faults.history import History
from tests.races.crowd import API, Answer, Ask

ELSEWHERE = "00000000-0000-0000-0000-000000000001"
PLACE = {"doctorId": "d", "date": "2026-03-02", "time": "10:00"}


def answer(status: int, body: str, **headers: str) -> Answer:
    kind = {"content-type": "application/problem+json"} if status >= 400 else {}
    return Answer(status, kind | {name.replace("_", "-"): value for name, value in headers.items()}, body, 0.1)


def refusal(code: str, status: int = 409, **headers: str) -> Answer:
    return answer(status, f'{{"code": "{code}"}}', **headers)


def problems(engine: sa.Engine, *told: tuple[Ask, Answer | None]) -> list[str]:
    history = History()
    for ask, heard in told:
        history.note(ask, heard)
    return history.problems(engine)


def booking(patient: str = "p", **place: Any) -> Ask:
    return Ask("POST", f"{API}/appointments", PLACE | place | {"patientId": patient})


def test_a_yes_that_is_not_there_is_named(engine: sa.Engine) -> None:
    made = answer(201, f'{{"id": "{ELSEWHERE}"}}')
    for path in ("/appointments", "/consultations", "/doctors/d/absences", "/holidays", "/affected/plans"):
        assert len(problems(engine, (Ask("POST", f"{API}{path}"), made))) == 1, path
    cancelled = Ask("DELETE", f"{API}/appointments/{ELSEWHERE}")
    assert len(problems(engine, (cancelled, answer(200, "{}")))) == 1
    assert problems(engine, (cancelled, None), (cancelled, refusal("BUSY", 503, retry_after="1"))) == []


def test_a_no_without_a_reason_is_named(engine: sa.Engine) -> None:
    for code in ("SLOT_TAKEN", "PATIENT_DOUBLE_BOOKED", "PATIENT_BLOCKED", "DOCTOR_FULLY_BOOKED", "DOCTOR_ABSENT"):
        assert len(problems(engine, (booking(), refusal(code)))) == 1, code
    assert len(problems(engine, (booking(), refusal("NO_SUCH_CODE")))) == 1
    assert len(problems(engine, (booking(), refusal("BUSY", 503)))) == 1, "it does not say when to come again"


def test_what_somebody_else_may_have_got_is_a_reason(engine: sa.Engine) -> None:
    mine = booking(), refusal("SLOT_TAKEN")
    assert problems(engine, mine, (booking("q", time="10:15"), None)) == [], "the connection was lost"
    assert len(problems(engine, mine, (booking("q", time="15:00"), None))) == 1, "at another time"
    assert len(problems(engine, mine, (booking("q"), refusal("SLOT_TAKEN")))) == 2, "neither got it"
