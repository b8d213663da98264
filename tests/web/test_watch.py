"""The web process sees the silence of the jobs, after its answers and at most once a while."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from hms_web.domain.scheduler_pulse import Pulse
from hms_web.models import Hospital, Notification
from hms_web.services import job_notices
from hms_web.services.unit_of_work import Busy
from hms_web.web import watch
from tests.scenes import NOW
from tests.web.record_scenes import Desk


@pytest.fixture(autouse=True)
def due(desk: Desk) -> None:
    desk.app.extensions[watch.DUE][0] = 0.0


def told(desk: Desk) -> int:
    return desk.clinic.count(Notification, event="job.began")


def ask(desk: Desk) -> int:
    with desk.app.test_client().get("/healthz") as answer:
        return answer.status_code


def test_a_silent_job_is_seen_by_whoever_answers_a_probe(desk: Desk) -> None:
    desk.session.execute(sa.update(Hospital).values(created_at=NOW - timedelta(days=9)))
    desk.session.commit()
    assert ask(desk) == 200
    assert told(desk) == 0, "not in tests that do not ask for it"
    desk.app.config[watch.SECONDS] = 3600.0
    ask(desk)
    ask(desk)
    assert told(desk) == 2, "in the app and by e-mail, once"


def test_a_database_that_is_stuck_costs_no_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Pulse] = []

    def busy(*_args: object, pulse: Pulse, **_rest: object) -> int:
        asked.append(pulse)
        raise Busy

    monkeypatch.setattr(job_notices, "tell_all", busy)
    desk.app.config[watch.SECONDS] = 0.0
    assert [ask(desk), ask(desk)] == [200, 200]
    assert len(asked) >= 1
