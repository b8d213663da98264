"""`/affected`: the list, proposals, plans and their undo by JSON."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import holidays, visits
from hms_web.services.holidays import NewHoliday
from tests.api.callers import Caller, body_of, caller_of, code, doctor_of, fields, person
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, Ill, ill


@pytest.fixture
def clinic(here: Clinic) -> Ill:
    return ill(here)


def steps_of(caller: Caller, clinic: Ill) -> list[dict[str, Any]]:
    """The steps of a proposal for everybody."""
    ids = [str(key) for key in clinic.ids]
    plan = body_of(caller.post("/affected/plan", {"appointmentIds": ids}))
    assert plan["gone"] == 0
    return [
        {
            "appointmentId": move["appointment"]["id"],
            "action": "MOVE",
            "version": move["appointment"]["version"],
            "doctorId": move["place"]["doctor"]["id"],
            "date": move["place"]["date"],
            "time": move["place"]["startTime"],
        }
        for move in plan["moves"]
    ]


def test_the_list_is_grouped(reception: Caller, here: Clinic, clinic: Ill) -> None:
    here.book(clinic.colleague, here.patient(), clinic.booked[0].start_time, TUESDAY)
    holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=1))
    found = body_of(reception.get("/affected"))
    assert found["total"] == 4
    leave, closed = found["groups"]
    assert (leave["cause"], leave["doctor"]["id"], leave["absence"]["id"], leave["holidayName"]) == (
        "ABSENCE", str(clinic.doctor), str(clinic.absence), None,
    )  # fmt: skip
    assert [item["id"] for item in leave["appointments"]] == [str(key) for key in clinic.ids]
    assert (closed["doctor"], closed["absence"], closed["holidayName"]) == (None, None, "Holi")
    assert body_of(reception.get("/affected?cause=HOLIDAY"))["total"] == 1
    assert body_of(reception.get(f"/affected?doctorId={clinic.doctor}"))["total"] == 3
    assert fields(reception.get("/affected?cause=WEATHER")) == ["cause"]


def test_the_list_has_pages_that_miss_nobody(reception: Caller, here: Clinic, clinic: Ill) -> None:
    later = here.book(clinic.colleague, here.patient(), clinic.booked[0].start_time, TUESDAY)
    first = body_of(reception.get("/affected?limit=2"))
    assert (first["total"], len(first["groups"])) == (3, 1)
    # Whoever comes to the desk or onto the list meanwhile is still on a page.
    visits.set_status(here.session, here.actor, clinic.ids[2], AppointmentStatus.CHECKED_IN, now=NOW)
    holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=1))
    second = body_of(reception.get(f"/affected?limit=2&cursor={first['nextCursor']}"))
    assert (second["total"], second["nextCursor"]) == (4, None)
    found = [item["id"] for page in (first, second) for group in page["groups"] for item in group["appointments"]]
    assert found == [str(key) for key in [*clinic.ids, later.id]]
    assert fields(reception.get("/affected?cursor=x")) == ["cursor"]
    assert fields(reception.get("/affected?limit=201")) == ["limit"]


def test_a_plan_is_proposed_applied_read_and_undone(reception: Caller, clinic: Ill) -> None:
    steps = steps_of(reception, clinic)
    steps[2] = {name: steps[2][name] for name in ("appointmentId", "version")} | {"action": "CANCEL"}
    done = body_of(reception.post("/affected/plans", {"steps": steps, "reason": "Ill"}))
    assert [step["refusal"] for step in done["steps"]] == [None] * 3
    assert [step["appointment"]["date"] for step in done["steps"]] == [str(TUESDAY), str(TUESDAY), str(MONDAY)]
    assert done["createdBy"] == "Reception 1"
    assert body_of(reception.get(f"/affected/plans/{done['id']}")) == done
    undone = body_of(reception.post(f"/affected/plans/{done['id']}/undo"))
    assert [step["undoneAt"] is not None for step in undone["steps"]] == [True, True, False]
    assert undone["steps"][2]["undoRefusal"]["code"] == "STAYS_CANCELLED"
    assert body_of(reception.post(f"/affected/plans/{done['id']}/undo")) == undone
    clinic.check()


def test_what_is_refused_names_the_rule(reception: Caller, here: Clinic, clinic: Ill) -> None:
    steps = steps_of(reception, clinic)
    clinic.apply(clinic.other(0, AffectedAction.KEEP), actor=here.other)
    done = body_of(reception.post("/affected/plans", {"steps": steps}))
    refusal = done["steps"][0]["refusal"]
    assert refusal["code"] == "STALE_VERSION"
    assert refusal["detail"].startswith("Reception 2 has changed this meanwhile.")
    assert [step["refusal"] for step in done["steps"][1:]] == [None, None]


def test_a_plan_that_is_sent_again_is_applied_once(reception: Caller, clinic: Ill) -> None:
    body = {"steps": steps_of(reception, clinic)}
    first = body_of(reception.post("/affected/plans", body, Idempotency_Key="plan"))
    assert body_of(reception.post("/affected/plans", body, Idempotency_Key="plan")) == first
    other = reception.post("/affected/plans", {"steps": body["steps"][:1]}, Idempotency_Key="plan")
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    clinic.check()


def test_what_makes_no_sense(reception: Caller, clinic: Ill) -> None:
    step = {"appointmentId": str(clinic.ids[0]), "action": "MOVE", "version": 2}
    assert fields(reception.post("/affected/plans", {"steps": [step]})) == ["steps"]
    assert fields(reception.post("/affected/plans", {"steps": []})) == ["steps"]
    assert fields(reception.post("/affected/plan", {"appointmentIds": [str(uuid4())] * 101})) == ["appointmentIds"]
    unknown = step | {"appointmentId": str(uuid4()), "action": "KEEP"}
    assert code(reception.post("/affected/plans", {"steps": [unknown]})) == (404, "APPOINTMENT_NOT_FOUND")
    assert code(reception.get(f"/affected/plans/{uuid4()}")) == (404, "PLAN_NOT_FOUND")


def test_whose_it_is(client: FlaskClient, here: Clinic, clinic: Ill) -> None:
    nurse = caller_of(client, here, person(here, Role.NURSE))
    assert code(nurse.get("/affected")) == (403, "FORBIDDEN")
    own, colleague = (doctor_of(client, here, key) for key in (clinic.doctor, clinic.colleague))
    assert body_of(own.get("/affected"))["total"] == 3
    assert body_of(colleague.get("/affected"))["total"] == 0
    done = body_of(colleague.post("/affected/plans", {"steps": steps_of(own, clinic)}))
    assert {step["refusal"]["code"] for step in done["steps"]} == {"FORBIDDEN"}
