"""`/no-show`: noting it, taking it back, the logs and figures, and the alerts."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Notification, StageAlert, new_id
from hms_web.services import no_show, no_show_sweep, stage_alerts, visits
from tests.api.callers import Caller, body_of, caller_of, code, doctor_of, person
from tests.scenes import MONDAY, NOW, Clinic

TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
LATE = TEN + timedelta(minutes=40)


def alarmed(here: Clinic, *, count: int = 1, doctor: UUID | None = None) -> list[UUID]:
    """Check patients in at ten, five minutes apart, and look an hour later."""
    doctor = doctor or here.doctor(minutes=15)
    for number in range(count):
        booked = here.book(doctor, here.patient(), time(10, 15 * number))
        at = TEN + timedelta(minutes=5 * number)
        visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=at)
    stage_alerts.scan(here.session, here.actor, now=TEN + timedelta(hours=1))
    return list(here.session.scalars(sa.select(StageAlert.id).order_by(StageAlert.waiting_since)))


@pytest.fixture
def booked(here: Clinic) -> UUID:
    """An appointment at ten."""
    return here.book(here.doctor(), here.patient(), time(10)).id


def test_a_manual_no_show_and_its_way_back(reception: Caller, here: Clinic, booked: UUID) -> None:
    with clock.fixed(LATE):
        marked = reception.post(f"/no-show/{booked}", {"reason": "PATIENT_CALLED", "notes": "Fever"})
        assert marked.status_code == 200
        body = marked.json
        assert body is not None
        assert (body["reason"], body["notes"], body["slotReleased"]) == ("PATIENT_CALLED", "Fever", False)
        assert (body["slotTime"], body["timeoutMinutes"]) == ("2026-03-02T10:00:00+05:30", 30)
        assert (body["createdBy"], body["revertedAt"], body["notificationSent"]) == ("Reception 1", None, False)
        assert body["appointment"]["status"] == "NO_SHOW"
        again = reception.post(f"/no-show/{booked}", {"reason": "MANUAL_STAFF"})
        assert code(again) == (409, "INVALID_TRANSITION")
        undone = reception.post(f"/no-show/{booked}/revert", {"note": "Here at last"})
        assert undone.status_code == 200
        assert undone.json is not None
        assert undone.json["appointment"]["status"] == "CHECKED_IN"
        assert undone.json["revertedAt"] == "2026-03-02T10:40:00+05:30"
        assert code(reception.post(f"/no-show/{booked}/revert", {"note": "x"})) == (409, "INVALID_TRANSITION")
    patient = reception.get(f"/patients/{body['patientId']}").json
    assert patient is not None
    assert (patient["noShowCount"], patient["lifetimeNoShows"]) == (0, 0)


def test_the_status_endpoint_runs_the_same_service(reception: Caller, here: Clinic, booked: UUID) -> None:
    answer = reception.patch(f"/appointments/{booked}/status", {"status": "NO_SHOW", "note": "Never came"})
    assert answer.json is not None
    assert answer.json["status"] == "NO_SHOW"
    logs = reception.get("/no-show/logs").json
    assert logs is not None
    assert [(log["reason"], log["notes"]) for log in logs["items"]] == [("MANUAL_STAFF", "Never came")]


@pytest.mark.parametrize(
    "body", [{}, {"reason": "AUTO_TIMEOUT"}, {"reason": "LAZY"}, {"reason": "MANUAL_STAFF", "noShowCount": 0}]
)
def test_only_a_persons_reasons_are_taken(reception: Caller, booked: UUID, body: dict[str, Any]) -> None:
    assert code(reception.post(f"/no-show/{booked}", body)) == (422, "INVALID_INPUT")
    assert code(reception.post(f"/no-show/{booked}/revert", {"note": " "})) == (422, "INVALID_INPUT")


def test_a_repeated_request_counts_once(reception: Caller, here: Clinic, booked: UUID) -> None:
    body = {"reason": "MANUAL_STAFF"}
    answers = [reception.post(f"/no-show/{booked}", body, Idempotency_Key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json


def test_logs_are_narrowed_and_paged(reception: Caller, client: FlaskClient, here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    first = here.book(doctor, here.patient(), time(10))
    second = here.book(other, here.patient(), time(10), MONDAY + timedelta(days=1))
    no_show_sweep.sweep(here.session, here.actor, now=LATE)
    no_show.mark(
        here.session, here.actor, second.id, reason=NoShowReason.PATIENT_CALLED, notes=None, now=LATE + timedelta(1)
    )

    def found(query: str, caller: Caller = reception) -> list[str]:
        answer = caller.get(f"/no-show/logs{query}").json
        assert answer is not None
        return [log["appointmentId"] for log in answer["items"]]

    assert found("") == [str(second.id), str(first.id)]
    assert found("?limit=1") == [str(second.id)]
    cursor = (reception.get("/no-show/logs?limit=1").json or {})["nextCursor"]
    assert found(f"?limit=1&cursor={cursor}") == [str(first.id)]
    assert found("?from=2026-03-02&to=2026-03-02") == [str(first.id)]
    assert found("?from=2026-03-03") == [str(second.id)]
    assert found("?reason=AUTO_TIMEOUT") == [str(first.id)]
    assert found(f"?doctorId={other}") == [str(second.id)]
    assert found(f"?patientId={first.patient_id}") == [str(first.id)]
    own = doctor_of(client, here, doctor)
    assert found("", own) == [str(first.id)]
    assert code(own.get(f"/no-show/logs?doctorId={other}")) == (403, "FORBIDDEN")
    assert code(reception.get("/no-show/logs?from=2026-03-03&to=2026-03-02")) == (422, "INVALID_INPUT")


def test_a_log_says_whether_a_message_has_left(reception: Caller, here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    no_show_sweep.sweep(here.session, here.actor, now=LATE)
    sms = sa.update(Notification).where(Notification.event == "appointment.no_show", Notification.channel == "sms")
    here.session.execute(sms.values(state="SENT", sent_at=LATE))
    here.session.commit()
    path = f"/no-show/logs?patientId={booked.patient_id}"
    assert [log["notificationSent"] for log in body_of(reception.get(path))["items"]] == [True]
    no_show.revert(here.session, here.actor, booked.id, note="Here", now=LATE)
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.SCHEDULED, now=LATE)
    no_show_sweep.sweep(here.session, here.actor, now=LATE + timedelta(minutes=5))
    assert [log["notificationSent"] for log in body_of(reception.get(path))["items"]] == [False, True]


def test_figures_count_who_came_and_who_did_not(admin: Caller, client: FlaskClient, here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    missed = here.book(doctor, here.patient(), time(10))
    seen = here.book(doctor, here.patient(), time(11))
    cancelled = here.book(doctor, here.patient(), time(12))
    elsewhere = here.book(other, here.patient(), time(15), MONDAY + timedelta(days=1))
    for key, status in ((seen.id, "COMPLETED"), (cancelled.id, "CANCELLED")):
        here.row(key).status = status
        here.session.commit()
    no_show.mark(here.session, here.actor, missed.id, reason=NoShowReason.MANUAL_STAFF, notes=None, now=NOW)
    no_show.mark(here.session, here.actor, elsewhere.id, reason=NoShowReason.MANUAL_STAFF, notes=None, now=NOW)
    instead = here.book(doctor, here.patient(), time(10))
    body = admin.get("/no-show/stats").json
    assert body is not None
    assert body["totals"] == {"noShows": 2, "came": 1, "rate": 0.6667}
    assert [(one["doctorId"], one["noShows"], one["came"]) for one in body["byDoctor"]] == [
        (str(other), 1, 0),
        (str(doctor), 1, 1),
    ]
    assert [(one["dayOfWeek"], one["noShows"]) for one in body["byWeekday"]] == [("MONDAY", 1), ("TUESDAY", 1)]
    assert [(one["hour"], one["noShows"], one["came"]) for one in body["byHour"]] == [
        (10, 1, 0),
        (11, 0, 1),
        (15, 1, 0),
    ]
    assert (body["blockedPatients"], body["slotsReleased"], body["slotsRebooked"]) == (0, 2, 1)
    monday = admin.get("/no-show/stats?from=2026-03-02&to=2026-03-02").json
    assert monday is not None
    assert (monday["totals"]["noShows"], monday["slotsReleased"]) == (1, 1)
    own = doctor_of(client, here, other).get("/no-show/stats").json
    assert own is not None
    assert (own["totals"], own["blockedPatients"]) == ({"noShows": 1, "came": 0, "rate": 1.0}, 0)
    no_show.revert(here.session, here.actor, elsewhere.id, note="They come after all", now=NOW)
    after = body_of(admin.get("/no-show/stats"))
    assert (after["totals"]["noShows"], after["slotsReleased"], after["slotsRebooked"]) == (1, 1, 1)
    assert admin.delete(f"/appointments/{instead.id}").status_code == 204
    assert body_of(admin.get("/no-show/stats"))["slotsRebooked"] == 0, "who took the time gave it up as well"
    nothing = admin.get("/no-show/stats?from=2027-01-01").json
    assert nothing is not None
    assert nothing["totals"] == {"noShows": 0, "came": 0, "rate": 0.0}


def test_alerts_are_listed_taken_on_and_ended(client: FlaskClient, reception: Caller, here: Clinic) -> None:
    first, second = alarmed(here, count=2)
    nurse = caller_of(client, here, person(here, Role.NURSE))
    with clock.fixed(TEN + timedelta(hours=1)):
        listed = reception.get("/no-show/alerts").json
        assert listed is not None
        assert [alert["id"] for alert in listed["items"]] == [str(first), str(second)]
        assert listed["items"][0]["waitingSince"] == "2026-03-02T10:00:00+05:30"
        one = reception.get("/no-show/alerts?limit=1").json
        assert one is not None
        rest = reception.get(f"/no-show/alerts?cursor={one['nextCursor']}").json
        assert rest is not None
        assert [alert["id"] for alert in rest["items"]] == [str(second)]
        taken = nurse.put(f"/no-show/alerts/{first}/acknowledge").json
        assert taken is not None
        assert (taken["status"], taken["acknowledgedBy"]) == ("ACKNOWLEDGED", nurse.actor.name)
        assert code(nurse.put(f"/no-show/alerts/{first}/acknowledge")) == (409, "INVALID_TRANSITION")
        for key in (first, second):
            ended = nurse.put(f"/no-show/alerts/{key}/resolve", {"note": "Seen to"}).json
            assert ended is not None
            assert (ended["status"], ended["resolvedBy"]) == ("RESOLVED", nurse.actor.name)
        assert code(nurse.put(f"/no-show/alerts/{first}/resolve")) == (409, "INVALID_TRANSITION")
        assert code(nurse.put(f"/no-show/alerts/{first}/acknowledge")) == (409, "INVALID_TRANSITION")
        assert code(nurse.put(f"/no-show/alerts/{new_id()}/resolve")) == (404, "ALERT_NOT_FOUND")
        assert reception.get("/no-show/alerts").json == {"items": [], "nextCursor": None}
