"""What people read about the health of a job: what is wrong, and since when. Templates, which a page can translate."""

from datetime import date, tzinfo

from hms_web.domain.job_alarms import Notice
from hms_web.domain.job_health import Health, Trouble
from hms_web.domain.phrases import Phrase, phrase
from hms_web.services.wording import Voice

WELL = phrase("The check runs as it should; it last ended well at {when}.")
WAVERING = phrase("{count} failed since the last that went well, which ended at {when}; three in a row are trouble.")
NOT_YET = phrase("The check has not run yet; it runs every five minutes from 07:00 to 22:55.")
UNKNOWN = phrase("Whether the scheduler lives is not known: it has not looked since Redis was started or emptied.")
UNUSED = phrase("Nobody has asked for it yet.")
SENTENCES: dict[Trouble, Phrase] = {
    Trouble.FAILURES: phrase("The last {count} runs failed. The last that went well ended at {when}."),
    Trouble.SILENCE: phrase(
        "No run has ended well for 15 minutes of working hours. The last that did ended at {when}."
    ),
    Trouble.SCHEDULER_SILENT: phrase(
        "The scheduler has set off no run that ended well for 15 minutes of working hours. Others still do."
    ),
    Trouble.SCHEDULER_DEAD: phrase("The scheduler has not looked for what is due for more than two minutes."),
    Trouble.REDIS_GONE: phrase("Redis does not answer, so the scheduler cannot set anything off."),
}
# Of a job, or a source, that has not gone well once: there is no time to name.
WAVERING_SINCE_EVER = phrase("{count} failed, and none has gone well yet; three in a row are trouble.")
SENTENCES_SINCE_EVER: dict[Trouble, Phrase] = {
    Trouble.FAILURES: phrase("The last {count} runs failed, and none has gone well yet."),
    Trouble.SILENCE: phrase("No run has ended well yet, though 15 minutes of working hours have passed."),
}
# For programs and e-mails, where a date stands among figures.
ISO = Voice(write_date=date.isoformat)
TITLES: dict[Notice, Phrase] = {
    Notice.BEGAN: phrase("The no-show check is in trouble"),
    Notice.LASTS: phrase("The no-show check is still in trouble"),
    Notice.RECOVERED: phrase("The no-show check works again"),
}
ADVICE = phrase("Missed appointments and waiting times are not looked at meanwhile. The page Jobs says what to do.")


def sentence(health: Health, zone: tzinfo, *, voice: Voice = ISO) -> str:
    """Return what is to be said of a job's health, or of one source's, its times in the hospital's zone."""
    template = _template(health)
    said = voice.translate(template).format(count=health.consecutive_failures, when=_when(health, zone, voice))
    return said if health.is_known or health.trouble is not None else f"{said} {voice.translate(UNKNOWN)}"


def _template(health: Health) -> Phrase:
    is_first = health.last_success is None
    if health.trouble is not None:
        return (SENTENCES_SINCE_EVER if is_first else SENTENCES).get(health.trouble, SENTENCES[health.trouble])
    if health.consecutive_failures:
        return WAVERING_SINCE_EVER if is_first else WAVERING
    if is_first:
        return NOT_YET if health.source is None else UNUSED
    return WELL


def _when(health: Health, zone: tzinfo, voice: Voice) -> str:
    run = health.last_success
    if run is None:
        return ""
    at = (run.ended_at or run.started_at).astimezone(zone)
    return f"{at:%H:%M}, {voice.write_date(at.date())}"
