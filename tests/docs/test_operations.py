"""docs/operations.md has a remedy for each reason for red, and the figures that it tells people to watch are told."""

import re
from pathlib import Path

from hms_web.domain.job_health import Trouble
from hms_web.domain.scheduler_pulse import SchedulerState
from hms_web.services import job_words
from hms_web.web.jobs import ADVICE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = (ROOT / "infrastructure" / "prometheus" / "alerts.yml").read_text()
REASONS = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def test_each_reason_for_red_has_its_remedy() -> None:
    assert [reason for reason, *_ in REASONS] == [*Trouble, SchedulerState.UNKNOWN]
    assert all(words and cause and remedy for _, words, cause, remedy in REASONS)
    assert set(ADVICE) == set(job_words.SENTENCES) == set(Trouble), "and the page has one too"


def test_what_the_page_says_is_quoted() -> None:
    for reason, words, _, _ in REASONS[:-1]:
        assert words in job_words.SENTENCES[Trouble(reason)].format(count=3, when=""), reason


def test_every_figure_to_watch_is_one_that_is_told() -> None:
    code = (ROOT / "hms_web" / "web" / "metrics.py").read_text()
    named = set(re.findall(r"\bhms_(?!web)\w+", PAGE + ALERTS)) - {"hms_web"}
    told = set(re.findall(r'"(hms_\w+)"', code))
    assert {name for name in named if name.startswith(("hms_job", "hms_sch", "hms_red", "hms_out", "hms_mes"))} <= told
    assert {"hms_job_healthy", "hms_scheduler_silent_seconds", "hms_redis_up"} <= named
