"""The page of the jobs: health in words, runs as a chart and a table, and the button that runs the check."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.domain.job_health import RECENT, Health, Run, RunSource, RunStatus
from hms_web.models import CronJobRun, Hospital, JobLease, new_id
from hms_web.services import cron_keys, no_show_sweep, scheduler_pulse
from hms_web.web.jobs import HEIGHT, LEAST, MARGIN, STEP, chart
from tests.scenes import NOW
from tests.web.pages import HX, text
from tests.web.record_scenes import Desk

MINUTE = timedelta(minutes=1)
SVG = "{http://www.w3.org/2000/svg}"


def ran(desk: Desk, minutes_ago: int, status: str = "SUCCESS", source: str = "SCHEDULER", **columns: Any) -> None:
    begun = NOW - minutes_ago * MINUTE
    row = {"ended_at": begun + MINUTE, "duration_ms": 40, "items_processed": 0} | columns
    desk.session.add(
        CronJobRun(
            id=new_id(),
            hospital_id=desk.clinic.actor.hospital_id,
            job_name="NO_SHOW_CHECK",
            source=source,
            status=status,
            started_at=begun,
            **row,
        )
    )
    desk.session.commit()


def been_open(desk: Desk) -> None:
    desk.session.execute(sa.update(Hospital).values(created_at=NOW - timedelta(days=9)))
    desk.session.commit()


def test_a_new_hospital_has_no_runs_and_the_scheduler_has_its_time_to_be_heard_of(desk: Desk) -> None:
    page = desk.admin().get("/jobs")
    assert page.h1 == "Jobs"
    assert "Nothing is wrong, but the scheduler was not heard of yet" in page.text
    assert "Scheduler ? not known" in page.text
    assert "No run yet." in page.text
    assert "It has not looked since Redis was started or emptied." in page.text


def test_a_healthy_check_says_when_it_last_ran(desk: Desk) -> None:
    ran(desk, 2, items_processed=3, also_asked_by=["EXTERNAL"])
    scheduler_pulse.beat(desk.app.extensions[scheduler_pulse.EXTENSION], now=NOW)
    page = desk.admin().get("/jobs")
    assert "The check is well" in page.text
    assert "it last ended well at 07:59, Monday 2 March 2026" in page.text
    assert "07:58 Scheduler and External trigger went well 40 ms 3" in page.text
    assert len(page.all(f"{SVG}rect", class_="well")) == 1


def test_trouble_says_what_to_do(desk: Desk) -> None:
    been_open(desk)
    ran(desk, 30)
    ran(desk, 3, source="EXTERNAL")
    page = desk.admin().get("/jobs")
    assert "The check is in trouble" in page.text
    assert "The scheduler has set off no run" in page.text
    assert "What to do: See that a worker and a scheduler run" in page.text


def test_failures_are_named_and_drawn_otherwise(desk: Desk) -> None:
    ran(desk, 9)
    for minutes in (6, 4):
        ran(desk, minutes, "ERROR", error="ValueError")
    ran(desk, 2, "LOST", duration_ms=None, error="The lease ran out.")
    ran(desk, 0, "RUNNING", ended_at=None, duration_ms=None)
    page = desk.admin().get("/jobs")
    assert "The last 3 runs failed" in page.text
    assert "ValueError" in page.text
    assert len(page.all(f"{SVG}path", class_="failed")) == 3
    assert len(page.all(f"{SVG}rect", class_="going")) == 1


@pytest.mark.parametrize(
    ("ago", "words"), [(1, "1 second ago"), (59, "59 seconds ago"), (60, "1 minute ago"), (121, "2 minutes ago")]
)
def test_the_schedulers_last_look_is_told(desk: Desk, ago: int, words: str) -> None:
    client = desk.app.extensions[scheduler_pulse.EXTENSION]
    scheduler_pulse.beat(client, now=NOW - timedelta(seconds=ago))
    page = desk.admin().get("/jobs")
    assert words in page.text
    assert ("in trouble" in page.text) is (ago > 120)


def test_a_scheduler_that_died_with_redis_emptied_turns_red_by_itself(desk: Desk) -> None:
    ran(desk, 1)
    client = desk.app.extensions[scheduler_pulse.EXTENSION]
    client.set(scheduler_pulse.MISSED, int((NOW - timedelta(seconds=121)).timestamp()))
    page = desk.admin().get("/jobs")
    assert "The scheduler has not looked for what is due for more than two minutes." in page.text
    assert "The check is in trouble" in page.text


def test_a_redis_that_is_gone_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis  # noqa: PLC0415 of this test alone

    gone = redis.Redis.from_url("redis://127.0.0.1:1")
    monkeypatch.setitem(desk.app.extensions, scheduler_pulse.EXTENSION, gone)
    page = desk.admin().get("/jobs")
    assert "Redis does not answer" in page.text
    assert "Start Redis again" in page.text


def test_run_now_without_javascript(desk: Desk) -> None:
    page = desk.admin().get("/jobs").form("/jobs/run").send()
    assert "The check ran: 0 no-shows, 0 patients blocked, 0 new alerts." in page.text
    assert "By hand went well" in page.text


def test_run_now_with_htmx_changes_the_part_and_is_read_aloud(desk: Desk) -> None:
    form = desk.admin().get("/jobs").form("/jobs/run")
    part = form.send(HX)
    assert part.fragment
    assert part.root.find(".//div[@id='jobs']") is not None
    assert "The check ran" in part.response.headers["HX-Trigger-After-Settle"]


def test_run_now_says_that_it_runs_already(desk: Desk) -> None:
    admin = desk.admin()
    admin.get("/jobs").form("/jobs/run").send()
    values = {"expires_at": sa.func.clock_timestamp() + 5 * MINUTE}
    desk.session.execute(sa.update(JobLease).values(**values))
    desk.session.commit()
    assert "A check is running already." in admin.get("/jobs").form("/jobs/run").send().text


def test_run_now_says_what_went_wrong(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_args: Any, **_rest: Any) -> None:
        raise ValueError

    monkeypatch.setattr(no_show_sweep, "sweep", failing)
    page = desk.admin().get("/jobs").form("/jobs/run").send()
    assert "The check did not end well: ValueError. What it had finished is kept." in page.text


def test_a_poll_brings_the_part_that_changes(desk: Desk) -> None:
    part = desk.admin().fragment("/jobs")
    assert part.fragment
    assert part.all("div", id="jobs")


def drawn_of(*took: int | None) -> Health:
    def run(number: int, ms: int | None) -> Run:
        status = RunStatus.SUCCESS if ms is not None else RunStatus.RUNNING
        return Run(new_id(), RunSource.SCHEDULER, frozenset(), status, NOW + number * MINUTE, NOW, ms)

    runs = tuple(run(number, ms) for number, ms in reversed(list(enumerate(took))))
    return Health(None, None, True, None, 0, None, runs, len(runs), 0)  # noqa: FBT003


def test_bars_are_as_high_as_runs_took_long() -> None:
    drawn = chart(drawn_of(0, 100, 200, None))
    assert [bar.height for bar in drawn.bars] == [LEAST, HEIGHT // 2, HEIGHT, LEAST]
    assert [bar.y for bar in drawn.bars] == [HEIGHT - LEAST, HEIGHT // 2, 0, HEIGHT - LEAST]
    assert [bar.x for bar in drawn.bars] == [MARGIN + STEP * (RECENT - 4 + number) for number in range(4)]
    assert [bar.is_named for bar in drawn.bars] == [False, False, False, True], "the newest says when it was"
    assert chart(drawn_of()).bars == ()


@pytest.mark.parametrize(("longest", "top"), [(0, 10), (10, 10), (11, 20), (21, 50), (188, 200), (1_001, 2_000)])
def test_the_scale_ends_at_a_round_figure(longest: int, top: int) -> None:
    drawn = chart(drawn_of(longest))
    assert drawn.top_ms == top
    assert drawn.lines == ((0, top), (HEIGHT // 2, top // 2), (HEIGHT, 0))


def test_the_keys_of_the_external_trigger_are_listed_and_never_shown(desk: Desk) -> None:
    assert "every hospital of this installation" in desk.admin().get("/jobs").text
    secrets = [cron_keys.create(desk.session, name, now=NOW) for name in ("old clock", "new clock")]
    cron_keys.revoke(desk.session, "old clock", now=NOW)
    page = desk.admin().get("/jobs")
    rows = [text(row) for row in page.all("tr")]
    assert any("old clock" in row and "revoked" in row for row in rows)
    assert any("new clock" in row and "valid" in row for row in rows)
    assert not any(secret in page.html for secret in secrets)
