"""What people read about the health of a job: what is wrong, and since when. Templates, which a page can translate."""

from collections.abc import Callable
from datetime import tzinfo

from hms_web.domain.job_alarms import Notice
from hms_web.domain.job_health import Health, Trouble

WELL = "The check runs as it should; it last ended well at {when}."
WAVERING = "{count} failed since the last that went well, which ended at {when}; three in a row are trouble."
NOT_YET = "The check has not run yet; it runs every five minutes from 07:00 to 22:55."
UNKNOWN = "Whether the scheduler lives is not known: it has not looked since Redis was started or emptied."
UNUSED = "Nobody has asked for it yet."
SENTENCES: dict[Trouble, str] = {
    Trouble.FAILURES: "The last {count} runs failed. The last that went well ended at {when}.",
    Trouble.SILENCE: "No run has ended well for 15 minutes of working hours. The last that did ended at {when}.",
    Trouble.SCHEDULER_SILENT: (
        "The scheduler has set off no run that ended well for 15 minutes of working hours. Others still do."
    ),
    Trouble.SCHEDULER_DEAD: "The scheduler has not looked for what is due for more than two minutes.",
    Trouble.REDIS_GONE: "Redis does not answer, so the scheduler cannot set anything off.",
}
NEVER = "no time yet"
TITLES: dict[Notice, str] = {
    Notice.BEGAN: "The no-show check is in trouble",
    Notice.LASTS: "The no-show check is still in trouble",
    Notice.RECOVERED: "The no-show check works again",
}
ADVICE = "Missed appointments and waiting times are not looked at meanwhile. The page Jobs says what to do."


def _unchanged(text: str) -> str:
    return text


def sentence(health: Health, zone: tzinfo, *, translate: Callable[[str], str] = _unchanged) -> str:
    """Return what is to be said of a job's health, or of one source's, its times in the hospital's zone."""
    if health.trouble is not None:
        template = SENTENCES[health.trouble]
    elif health.consecutive_failures:
        template = WAVERING
    elif health.last_success is not None:
        template = WELL
    else:
        template = NOT_YET if health.source is None else UNUSED
    said = translate(template).format(count=health.consecutive_failures, when=_when(health, zone, translate))
    return said if health.is_known or health.trouble is not None else f"{said} {translate(UNKNOWN)}"


def _when(health: Health, zone: tzinfo, translate: Callable[[str], str]) -> str:
    run = health.last_success
    if run is None:
        return translate(NEVER)
    return f"{(run.ended_at or run.started_at).astimezone(zone):%H:%M, %Y-%m-%d}"
