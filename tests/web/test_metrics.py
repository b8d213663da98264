"""`/metrics`: what Prometheus reads, and who may."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from hms_web.config import Settings
from hms_web.domain.job_health import RunSource
from hms_web.models import AuditUnchained, Hospital, Notification
from hms_web.services import no_show_check, scheduler_pulse
from hms_web.web.metrics import ACCESS as METRICS_ACCESS
from tests.scenes import NOW
from tests.web.record_scenes import Desk

TOKEN = "a token of sixteen or more"


def allow(app: Flask, **given: str) -> None:
    app.config[METRICS_ACCESS] = Settings.from_env({"HMS_ENV": "testing", **given}).metrics


def scraped(desk: Desk) -> dict[tuple[str, ...], float]:
    allow(desk.app, METRICS_TOKEN=TOKEN)
    answer = desk.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def scraped_after_commit(desk: Desk) -> dict[tuple[str, ...], float]:
    desk.session.commit()
    return scraped(desk)


@pytest.mark.parametrize(
    ("given", "authorization", "address", "status"),
    [
        ({}, None, "127.0.0.1", 404),
        ({}, f"Bearer {TOKEN}", "127.0.0.1", 404),
        ({"METRICS_TOKEN": TOKEN}, None, "127.0.0.1", 401),
        ({"METRICS_TOKEN": TOKEN}, "Bearer wrong", "127.0.0.1", 401),
        ({"METRICS_TOKEN": TOKEN}, f"Basic {TOKEN}", "127.0.0.1", 401),
        ({"METRICS_TOKEN": TOKEN}, f"Bearer {TOKEN}", "192.0.2.1", 200),
        ({"METRICS_ALLOW": "10.0.0.0/8, 192.0.2.1"}, None, "192.0.2.1", 200),
        ({"METRICS_ALLOW": "10.0.0.0/8, 192.0.2.1"}, None, "10.9.9.9", 200),
        ({"METRICS_ALLOW": "10.0.0.0/8"}, None, "192.0.2.1", 401),
        ({"METRICS_ALLOW": "10.0.0.0/8"}, None, "nonsense", 401),
        ({"METRICS_ALLOW": "10.0.0.0/8"}, "Bearer ", "192.0.2.1", 401),
    ],
)
def test_who_may_read_them(
    app: Flask, given: dict[str, str], authorization: str | None, address: str, status: int
) -> None:
    allow(app, **given)
    headers = {"Authorization": authorization} if authorization else {}
    answer = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


def test_a_healthy_job_is_one_and_its_last_success_is_told_by_source(desk: Desk) -> None:
    clinic = desk.clinic
    here = str(clinic.actor.hospital_id)
    no_show_check.check(desk.session, clinic.admin, RunSource.MANUAL, now=NOW - timedelta(seconds=90))
    scheduler_pulse.beat(desk.app.extensions[scheduler_pulse.EXTENSION], now=NOW - timedelta(seconds=7))
    found = scraped(desk)
    labels = sorted([here, "NO_SHOW_CHECK", "all"])
    assert found["hms_job_healthy", *labels] == 1
    assert found["hms_job_consecutive_failures", *labels] == 0
    assert found["hms_job_last_success_seconds", *labels] == pytest.approx(90, abs=2)
    assert ("hms_job_last_success_seconds", *sorted([here, "NO_SHOW_CHECK", "scheduler"])) not in found
    assert (found["hms_redis_up",], found["hms_scheduler_silent_seconds",]) == (1, 7)
    assert found["hms_live_alerts", here] == 0
    assert found["process_resident_memory_bytes",] > 0


def test_trouble_and_what_waits_are_told(desk: Desk) -> None:
    desk.session.execute(sa.update(Hospital).values(created_at=NOW - timedelta(days=9)))
    desk.session.execute(sa.update(Notification).where(Notification.channel == "sms").values(state="QUEUED"))
    desk.session.execute(sa.update(Notification).values(created_at=NOW - timedelta(minutes=5)))
    desk.session.commit()
    here = str(desk.clinic.actor.hospital_id)
    found = scraped(desk)
    assert found["hms_job_healthy", *sorted([here, "NO_SHOW_CHECK", "all"])] == 0
    assert (found["hms_outbox_queued",], found["hms_outbox_oldest_seconds",]) == (1, 300)
    assert found["hms_messages_to_phone", here] == 0
    assert found["hms_audit_unchained_seconds",] == 0
    desk.session.execute(sa.update(AuditUnchained).values(queued_at=NOW - timedelta(hours=2)))
    assert scraped_after_commit(desk)["hms_audit_unchained_seconds",] == 7200
    desk.session.execute(sa.update(Notification).where(Notification.channel == "sms").values(state="FAILED"))
    desk.session.commit()
    found = scraped(desk)
    assert (found["hms_outbox_queued",], found["hms_messages_to_phone", here]) == (0, 1)
    assert "Asha" not in str(found)
