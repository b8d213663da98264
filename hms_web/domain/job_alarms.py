"""What administrators are told of a job in trouble: only what lasts, and that it is over only when that is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hms_web.domain.job_health import JobHealth
from hms_web.domain.scheduler_pulse import SchedulerState

REMIND_EVERY = timedelta(days=1)


class Notice(StrEnum):
    """What administrators are told of a job's health."""

    BEGAN = "BEGAN"
    LASTS = "LASTS"
    RECOVERED = "RECOVERED"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the administrators know: since when the job is in trouble, and when they were last told; None is not."""

    began_at: datetime | None = None
    told_at: datetime | None = None


def notice_due(alarm: Alarm, now: datetime, found: JobHealth) -> Notice | None:
    """Return what administrators are to be told now: once when trouble begins, daily while it lasts, at recovery.

    Trouble is what the runs show: the third failure in a row, or fifteen silent minutes of the working hours that go
    on. A Redis that does not answer once, or a scheduler that is restarted, is shown on the page and told to nobody.
    """
    if found.overall.lasting is not None:
        if alarm.began_at is None or alarm.told_at is None:
            return Notice.BEGAN
        return Notice.LASTS if now - alarm.told_at >= REMIND_EVERY else None
    return Notice.RECOVERED if alarm.began_at is not None and _is_over(found, alarm.began_at) else None


def _is_over(found: JobHealth, began_at: datetime) -> bool:
    """Whether it is known to work again: a run has ended well since, nothing is wrong, the scheduler is heard of."""
    success = found.overall.last_success
    has_worked = success is not None and (success.ended_at or success.started_at) > began_at
    return has_worked and found.overall.is_healthy and found.scheduler is SchedulerState.LIVES


def after(notice: Notice, alarm: Alarm, now: datetime) -> Alarm:
    """Return what the administrators know once they are told."""
    if notice is Notice.RECOVERED:
        return Alarm()
    return Alarm(now if notice is Notice.BEGAN else alarm.began_at, now)
