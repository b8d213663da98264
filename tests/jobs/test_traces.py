"""A whole visit is lived through pages, API and jobs by somebody with unmistakable data, which is then looked for where
no patient's data may be: log lines, addresses, Redis, arguments of jobs, and the subjects of e-mails.
"""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis as redis_client
import sqlalchemy as sa
from flask import Flask, request, request_started
from rq import Queue
from rq.job import Job

from hms_web.config import Settings
from hms_web.domain.notifications import Channel
from hms_web.jobs import no_show
from hms_web.jobs.resources import QUEUE
from hms_web.jobs.schedule import SCHEDULE
from hms_web.jobs.watch import WatchingWorker
from hms_web.logs import configure_logging
from hms_web.models import Appointment, Notification, Patient
from hms_web.services import patients, providers
from tests.api.callers import caller_of
from tests.jobs.fake_provider import Provider
from tests.scenes import NOW
from tests.web.desk_scenes import form_of
from tests.web.pages import Page
from tests.web.record_scenes import Desk, desk, still_clock

__all__ = ["desk", "still_clock"]

CANARIES = {
    "name": "Zyxcanary Quillfeather",
    "phone": "+91 91827 36455",
    "mrn": "CANARY-7788",
    "email": "zyx.canary@example.test",
    "reason": "canary-reason-plover",
    "note": "canary-note-sandpiper",
    "complaint": "canary-complaint-godwit",
    "diagnosis": "Z99 canary-diagnosis-turnstone",
    "cancelled": "canary-cancelled-dunlin",
}
# As they could stand anywhere: plain, in an address, as digits, in parts.
TRACES = re.compile(r"canary|quillfeather|91827|9182736455|plover|sandpiper|godwit|turnstone|dunlin", re.IGNORECASE)


class Plain(WatchingWorker):
    """The worker as it is, but without a process of its own for each job."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        execution = self.prepare_execution(job)
        self.perform_job(job, queue, execution)


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that the product and what it stands on write to the log meanwhile."""
    written = io.StringIO()
    configure_logging(stream=written)
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.getLogger("hms_web").handlers[0].formatter)
    loggers = [logging.getLogger(), logging.getLogger("rq.worker"), logging.getLogger("rq_scheduler")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield written
    finally:
        configure_logging()
        for logger in loggers:
            logger.removeHandler(handler)


@contextmanager
def addresses(app: Flask) -> Iterator[list[str]]:
    """Every address that is asked for meanwhile."""
    seen: list[str] = []

    def note(_app: Flask, **_given: object) -> None:
        seen.append(request.full_path)

    with request_started.connected_to(note, app):
        yield seen


def dump(redis: "redis_client.Redis") -> list[str]:
    """Everything that Redis holds, and of jobs what they are called with."""
    held: list[str] = []
    for key in redis.scan_iter():
        kind = str(redis.type(key)).removeprefix("b'").removesuffix("'")
        read: dict[str, Any] = {
            "string": lambda key=key: [redis.get(key)],
            "list": lambda key=key: redis.lrange(key, 0, -1),
            "set": lambda key=key: redis.smembers(key),
            "zset": lambda key=key: redis.zrange(key, 0, -1),
            "hash": lambda key=key: [part for pair in redis.hgetall(key).items() for part in pair],
            "stream": lambda key=key: [json.dumps(str(redis.xrange(key)))],
        }
        held += [key.decode(), *(str(part) for part in read[kind]())]
        if key.startswith(b"rq:job:") and key.count(b":") == 2:
            job = Job.fetch(key.removeprefix(b"rq:job:").decode(), connection=redis)
            assert (job.args, job.kwargs) == ((), {}), "what a job is called with"
            held += [str(job.meta), str(job.description), str(job.func_name)]
    return held


def work(redis: "redis_client.Redis") -> None:
    """Let a worker do what is queued."""
    queue = Queue(QUEUE, connection=redis)
    Plain([queue], connection=redis, log_job_description=False).work(burst=True, logging_level="INFO")


@pytest.fixture
def house(desk: Desk, environ: None, provider: Provider) -> Desk:
    """The desk of a hospital that sends its messages."""
    secret = Settings.from_env().secret_key
    for channel in (Channel.SMS, Channel.EMAIL):
        providers.put(
            desk.session, desk.clinic.admin, channel, provider.url, secret=secret, now=NOW, allowed=["127.0.0.1"]
        )
    return desk


def location(page: Page) -> str:
    """Where a page was led to."""
    return page.response.request.path


def by_pages(house: Desk) -> Patient:
    """Add the patient, find, book, check in, measure, see and complete, all by pages; return the row."""
    reception = house.reception()
    person: dict[str, Any] = {name: CANARIES[name] for name in ("name", "phone", "mrn", "email")}
    reception.get("/patients/new").form("/patients/new").send(**person)
    row = house.session.scalars(sa.select(Patient).where(Patient.mrn == CANARIES["mrn"])).one()
    house.session.commit()
    token = reception.csrf_token("/patients")
    for path in ("/patients", "/front-desk/patients", "/front-desk/duplicates", "/patients/alike"):
        reception.post(path, {"q": CANARIES["name"], "csrf_token": token, **person})
    form_of(house, reception).send(do="book", patient_id=row.id, reason=CANARIES["reason"])
    visit = house.session.scalars(sa.select(Appointment).where(Appointment.patient_id == row.id)).one()
    house.session.commit()
    url = f"/appointments/{visit.id}"
    reception.get(f"/patients/{row.id}")
    reception.get(url).form(f"{url}/words").send(notes=CANARIES["note"], reason=CANARIES["reason"])
    reception.post(f"{url}/status", {"status": "CHECKED_IN", "csrf_token": token})
    doctor = house.doctor()
    form = doctor.get(f"{url}/vitals").form(f"{url}/vitals")
    form.send(pulse_bpm="72", note=CANARIES["note"])
    token = doctor.csrf_token("/my-day")
    room = doctor.post("/consultations", {"appointment": str(visit.id), "csrf_token": token})
    said = {"chief_complaint": CANARIES["complaint"], "diagnosis": CANARIES["diagnosis"], "notes": CANARIES["note"]}
    done = doctor.post(location(room) + "/complete", room.form(id="consultation").values | said)
    assert done.status == 200, done.text
    return row


def by_api(house: Desk, row: Patient) -> None:
    """Do what else can happen to somebody, by the API: missed, taken back, moved, cancelled, refused."""
    desk = caller_of(house.app.test_client(), house.clinic, house.clinic.actor)
    admin = caller_of(house.app.test_client(), house.clinic, house.clinic.admin)
    person = {"name": CANARIES["name"], "phone": CANARIES["phone"], "email": CANARIES["email"]}
    assert desk.post("/patients", person).status_code in {200, 201}
    assert desk.post("/patients", person | {"mrn": CANARIES["mrn"]}).status_code == 409
    assert desk.get(f"/patients?q={CANARIES['name']}").status_code == 200
    wanted = {"patientId": str(row.id), "doctorId": str(house.doctor_id), "date": "2026-03-03"}
    for at in ("10:00", "11:00"):
        booked = desk.post("/appointments", wanted | {"time": at, "reason": CANARIES["reason"]}).json
        assert booked
        desk.patch(f"/appointments/{booked['id']}", {"time": "15:00"})
        gone = desk.patch(
            f"/appointments/{booked['id']}/status", {"status": "CANCELLED", "note": CANARIES["cancelled"]}
        )
        assert gone.status_code == 200, gone.text
    assert desk.post("/appointments", wanted | {"time": "99:99", "reason": CANARIES["reason"]}).status_code == 422
    leave = {"absenceType": "EMERGENCY", "startDate": "2026-03-04", "endDate": "2026-03-04", "reason": CANARIES["note"]}
    desk.post("/appointments", wanted | {"date": "2026-03-04", "time": "10:00"})
    assert admin.post(f"/doctors/{house.doctor_id}/absences", leave).status_code == 201


def by_mistake(house: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything fail while the patient is in its hands: the database, and the product itself."""
    reception = house.reception()
    person: dict[str, Any] = {name: CANARIES[name] for name in ("name", "phone", "email")}
    person["shown"] = [str(key) for key in house.session.scalars(sa.select(Patient.id))]  # known to be others
    empty = reception.get("/patients/new").form("/patients/new").values

    def broken(session: Any, *_given: object, **_named: object) -> None:
        session.execute(sa.text("SELECT CAST(:name AS integer)"), {"name": CANARIES["name"]})

    def confused(*_given: object, **_named: object) -> None:
        raise ValueError(CANARIES["name"])

    for failing in (broken, confused):
        with monkeypatch.context() as patch:
            patch.setattr(patients, "create", failing)
            assert reception.client.post("/patients/new", data=empty | person).status_code == 500
        with monkeypatch.context() as patch:
            patch.setattr("hms_web.services.no_show_check.check_all", failing)
            with pytest.raises(Exception, match=r"^(DataError|.*Quillfeather)"):
                no_show.check()


def test_no_patient_is_named_where_nobody_should_be(
    house: Desk, app: Flask, redis: "redis_client.Redis", provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []
    provider.answers = [500, 200]
    with listening() as log, addresses(app) as asked:
        row = by_pages(house)
        held += dump(redis)
        by_api(house, row)
        held += dump(redis)
        work(redis)
        for job in SCHEDULE:
            Queue(QUEUE, connection=redis).enqueue(job.path)
        held += dump(redis)
        work(redis)
        held += dump(redis)
        by_mistake(house, monkeypatch)
    lines = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
    assert {"request", "job", "provider_called", "unforeseen"} <= {line["event"] for line in lines}
    assert len(asked) > 20
    assert any("rq:job:" in one for one in held)
    subjects = house.session.scalars(sa.select(Notification.title).where(Notification.channel == Channel.EMAIL)).all()
    told = [str(sent) for sent in provider.delivered]
    assert any(TRACES.search(one) for one in told), "the patient has been written to"
    by_search = [one for one in asked if one.startswith("/api/v1/patients?q=")]  # as the contract of the API has it
    for where, found in (
        ("log", log.getvalue().splitlines()),
        ("address", [one for one in asked if one not in by_search]),
        ("Redis", held),
        ("subject", list(subjects)),
    ):
        assert found, where
        assert [one for one in found if TRACES.search(one)] == [], where


def test_a_request_can_be_followed_to_the_job_and_the_provider(
    house: Desk, redis: "redis_client.Redis", provider: Provider
) -> None:
    with listening() as log:
        desk = caller_of(house.app.test_client(), house.clinic, house.clinic.actor)
        wanted = {"patientId": str(house.patient_id), "doctorId": str(house.doctor_id)}
        booked = desk.post("/appointments", wanted | {"date": "2026-03-03", "time": "10:00"})
        work(redis)
    followed = booked.headers["X-Request-ID"]
    lines = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
    mine = [line["event"] for line in lines if line.get("request_id") == followed]
    assert mine[0] == "request"
    assert {"provider_called", "messages_delivered", "job"} <= set(mine)
    assert {line["job"] for line in lines if line["event"] == "job"} == {"messages.deliver"}
    assert provider.request_ids == {followed}
