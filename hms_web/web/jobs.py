"""`/jobs`: how the no-show check does, by source, and a button that runs it now; for administrators."""

import datetime as dt
from dataclasses import dataclass
from typing import cast

import redis
from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.job_health import RECENT, Health, Run, RunSource, RunStatus, Trouble
from hms_web.domain.scheduler_pulse import Pulse
from hms_web.models import db
from hms_web.services import cron_keys, job_health, job_words, no_show_check, scheduler_pulse
from hms_web.services.job_health import Ran
from hms_web.services.leases import Taken
from hms_web.web import auth, htmx, language
from hms_web.web.language import gettext, ngettext

blueprint = Blueprint("jobs", __name__)

SOURCES = {
    RunSource.SCHEDULER: lazy_gettext("Scheduler"),
    RunSource.EXTERNAL: lazy_gettext("External trigger"),
    RunSource.MANUAL: lazy_gettext("By hand"),
}
STATUSES = {
    RunStatus.RUNNING: (lazy_gettext("running"), "accent"),
    RunStatus.SUCCESS: (lazy_gettext("went well"), "good"),
    RunStatus.ERROR: (lazy_gettext("failed"), "bad"),
    RunStatus.LOST: (lazy_gettext("lost"), "bad"),
}
HEADINGS = {
    "well": lazy_gettext("The check is well"),
    "ill": lazy_gettext("The check is in trouble"),
    "unknown": lazy_gettext("Nothing is wrong, but the scheduler was not heard of yet"),
}
_PROCESSES = lazy_gettext(
    "See that a worker and a scheduler run (python worker.py work, python worker.py schedule) and reach Redis and the "
    "database; their supervisor starts them again. Until then press Run now every few minutes, or let the external "
    "trigger call."
)
ADVICE = {
    Trouble.FAILURES: lazy_gettext(
        "Read below what went wrong, and in the worker's log of the same minute. Once the cause is gone, press Run "
        "now to see whether it helped; whoever's runs failed is well again with the next of their own."
    ),
    Trouble.SILENCE: _PROCESSES,
    Trouble.SCHEDULER_SILENT: _PROCESSES,
    Trouble.SCHEDULER_DEAD: _PROCESSES,
    Trouble.REDIS_GONE: lazy_gettext(
        "Start Redis again, or mend REDIS_URL; the scheduler then puts its list right by itself. Booking goes on "
        "meanwhile, and so does Run now."
    ),
}

# The chart of durations, in the units of its own drawing: a place for each of the recent runs, the newest on the right.
STEP, BAR, HEIGHT, LEAST, MARGIN = 46, 30, 120, 2, 64
NAMED_EVERY = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One run in the chart of durations."""

    x: int
    height: int
    run: Run
    is_named: bool

    @property
    def y(self) -> int:
        """Its upper edge."""
        return HEIGHT - self.height


@dataclass(frozen=True, slots=True)
class Chart:
    """The recent runs from the oldest to the newest, as high as they took long; `top_ms` is as high as the chart."""

    top_ms: int
    bars: tuple[Bar, ...]

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """The lines across it: how far down, and for how many milliseconds."""
        return (0, self.top_ms), (HEIGHT // 2, self.top_ms // 2), (HEIGHT, 0)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of pressing the button."""

    words: str
    tone: str


@blueprint.get("/jobs")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """The page, or for a poll the part of it that changes."""
    if htmx.wants_fragment():
        return render_template("jobs/_state.html", **_state())
    return render_template("jobs/index.html", keys=cron_keys.list_keys(db.session()), **_state())


@blueprint.post("/jobs/run")
@auth.roles(Role.ADMIN)
def run() -> ResponseReturnValue:
    """Run the check now, for this hospital, unless it runs already."""
    now = clock.now()
    pulse = scheduler_pulse.read(redis_of_app(), now=now)
    outcome = no_show_check.check(db.session(), auth.actor(), RunSource.MANUAL, now=now, pulse=pulse)
    said = _said(outcome)
    if not htmx.wants_fragment():
        flash(said.words, said.tone)
        return redirect(url_for("jobs.index"), 303)
    answer = make_response(render_template("jobs/_state.html", said=said, **_state()))
    return htmx.trigger(answer, {"announce": {"value": said.words}})


def _said(outcome: Ran | Taken) -> Said:
    if isinstance(outcome, Taken):
        return Said(gettext("A check is running already. It is shown below as soon as it has ended."), "warn")
    if outcome.run.has_failed:
        words = gettext("The check did not end well: %(error)s. What it had finished is kept.", error=outcome.run.error)
        return Said(words, "bad")
    counts = outcome.results
    words = gettext(
        "The check ran: %(marked)d no-shows, %(blocked)d patients blocked, %(created)d new alerts.",
        marked=counts["no_shows"]["marked"],
        blocked=counts["no_shows"]["patients_blocked"],
        created=counts["alerts"]["created"],
    )
    return Said(words, "good")


def redis_of_app() -> redis.Redis:
    """The Redis in which the scheduler leaves its pulse."""
    return cast("redis.Redis", current_app.extensions[scheduler_pulse.EXTENSION])


def state_name(health: Health) -> str:
    """Which of the headings is true."""
    return "ill" if not health.is_healthy else "well" if health.is_known else "unknown"


def _state() -> dict[str, object]:
    now = clock.now()
    pulse = scheduler_pulse.read(redis_of_app(), now=now)
    found = job_health.health(db.session(), auth.actor(), now=now, pulse=pulse)
    return {
        "health": found.overall,
        "by_source": found.by_source,
        "chart": chart(found.overall),
        "pulse": pulse,
        "looked": _looked(pulse, now),
        "now": now,
        "sources": SOURCES,
        "statuses": STATUSES,
        "advice": ADVICE,
        "headings": HEADINGS,
        "health_words": health_words,
        "width": MARGIN + STEP * RECENT,
        "height": HEIGHT,
        "bar_width": BAR,
        "margin": MARGIN,
    }


def health_words(health: Health) -> str:
    """How the check does, in a sentence of the request's language."""
    return job_words.sentence(health, auth.actor().zone, voice=language.VOICE)


def _looked(pulse: Pulse, now: dt.datetime) -> str:
    """When the scheduler last looked for what is due."""
    if not pulse.answers:
        return gettext("Redis does not answer, so it is not known.")
    if pulse.looked_at is None:
        return gettext("It has not looked since Redis was started or emptied.")
    seconds = max(0, int((now - pulse.looked_at).total_seconds()))
    if seconds < 60:  # noqa: PLR2004 a minute
        return ngettext("%(num)d second ago", "%(num)d seconds ago", seconds)
    return ngettext("%(num)d minute ago", "%(num)d minutes ago", seconds // 60)


def chart(health: Health) -> Chart:
    """Draw the recent runs; each keeps its place on the right, however few there are."""
    runs = health.recent[::-1]
    top = _round_top(max((run.duration_ms or 0 for run in runs), default=0))
    first = RECENT - len(runs)
    return Chart(
        top,
        tuple(
            Bar(
                MARGIN + number * STEP,
                max(LEAST, round((run.duration_ms or 0) / top * HEIGHT)),
                run,
                (RECENT - 1 - number) % NAMED_EVERY == 0,
            )
            for number, run in enumerate(runs, start=first)
        ),
    )


def _round_top(longest_ms: int) -> int:
    """Return 10, 20, 50, 100 ... milliseconds: the first that nothing exceeds."""
    top = 10
    while top < longest_ms:
        top = top * 5 // 2 if str(top)[0] == "2" else top * 2
    return top
