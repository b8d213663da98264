"""The day's list beside the grid, and what needs attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.no_show import is_over
from hms_web.domain.visits import INACTIVE, UPCOMING, AppointmentStatus
from hms_web.services import affected_list, appointments, doctor_names
from hms_web.services.affected_list import Need
from hms_web.services.appointments import AppointmentView
from hms_web.web import language
from hms_web.web.formats import status_name, status_tone
from hms_web.web.front_desk.address import Address
from hms_web.web.language import gettext, ngettext
from hms_web.web.no_shows import UNDOERS
from hms_web.web.waiting import passed_words

MOST_NEEDS = 2
OVER = INACTIVE | {AppointmentStatus.COMPLETED}


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment of the day's list, with where its patient is in words."""

    appointment: AppointmentView
    place: str
    tone: str
    may_check_in: bool
    may_confirm: bool
    may_revert: bool


@dataclass(frozen=True, slots=True)
class DayList:
    """The day's appointments: those that are not over, and the others; `whose` they are beside a doctor's week.

    The title counts those whom `parts` counts: to come, here and done. The others are in `over_note` alone.
    """

    title: str
    whose: str | None
    note: str
    parts: str
    over_note: str
    open: list[Row]
    over: list[Row]
    needs: list[str]
    more_needs: int
    affected_count: int


def build(session: Session, actor: Actor, address: Address, doctor_ids: Sequence[UUID], *, now: datetime) -> DayList:
    """Read the day's appointments of the doctors shown, and everybody who needs another time."""
    found = appointments.of_day(session, actor, address.day, doctor_ids=list(doctor_ids))
    today = now.astimezone(actor.zone).date()
    # Whoever is still expected comes first, the late ones at the top: they are what a desk waits for.
    found.sort(key=lambda view: view.status not in UPCOMING)
    rows = [_row(view, actor, now) for view in found]
    still = sum(view.status in UPCOMING for view in found)
    count = sum(view.status not in INACTIVE for view in found)
    done = sum(view.status is AppointmentStatus.COMPLETED for view in found)
    here = count - still - done
    needs = affected_list.needs(session, actor, most=MOST_NEEDS)
    day = gettext("Today") if address.day == today else language.short_date(address.day)
    return DayList(
        title=ngettext("%(day)s, %(num)d patient", "%(day)s, %(num)d patients", count, day=day),
        whose=_whose(session, actor, address, doctor_ids),
        note=gettext("%(number)s to come", number=still),
        parts=gettext("%(still)s to come, %(here)s here, %(done)s done", still=still, here=here, done=done),
        over_note=_over_words(done, len(found) - count),
        open=[row for row in rows if row.appointment.status not in OVER],
        over=[row for row in rows if row.appointment.status in OVER],
        needs=[_need_words(need, today) for need in needs.first],
        more_needs=needs.days - len(needs.first),
        affected_count=needs.appointments,
    )


def _over_words(done: int, gone: int) -> str:
    """Say how many were seen, and apart from them how many the day's number of patients leaves out."""
    words = []
    if done:
        words.append(ngettext("%(num)d done", "%(num)d done", done))
    if gone:
        words.append(ngettext("%(num)d cancelled or missed", "%(num)d cancelled or missed", gone))
    return "\N{NO-BREAK SPACE}· ".join(words)


def _whose(session: Session, actor: Actor, address: Address, doctor_ids: Sequence[UUID]) -> str | None:
    """Return the doctor whose week is beside the list: its columns bear days, and no name."""
    if not address.is_week or list(doctor_ids) != [address.doctor_id]:
        return None
    return doctor_names.named(session, actor, doctor_ids).get(doctor_ids[0])


def _row(view: AppointmentView, actor: Actor, now: datetime) -> Row:
    words, tone = _place(view, now)
    is_expected, today = view.status in UPCOMING, local_date(now, actor.zone)
    is_missed = view.status is AppointmentStatus.NO_SHOW and not is_over(view.date, today)
    return Row(
        view,
        words,
        tone,
        may_check_in=is_expected and view.date == today,
        may_confirm=view.status is AppointmentStatus.SCHEDULED and view.starts_at > now,
        may_revert=is_missed and actor.role in UNDOERS,
    )


def _place(view: AppointmentView, now: datetime) -> tuple[str, str]:
    if view.status in UPCOMING and view.affected_cause is not None:
        return gettext("to move"), "warn"
    if view.status in UPCOMING and view.starts_at < now:
        return gettext("late %(time)s", time=passed_words(now - view.starts_at)), "bad"
    if view.is_here and view.affected_cause is not None:
        return gettext("here, to see to"), "warn"
    if view.status is AppointmentStatus.CHECKED_IN:
        words = gettext("vitals done") if view.vitals_recorded_at else gettext("here")
        since = view.checked_in_at or now
        return gettext("%(place)s %(time)s", place=words, time=passed_words(now - since)), "good"
    return status_name(view.status), status_tone(view.status)


def _need_words(need: Need, today: date) -> str:
    """Say how many of a doctor's day need another time, and why."""
    facts = {
        "doctor": need.doctor_name,
        "cause": cause_words(need.cause),
        "day": gettext("today") if need.day == today else language.short_date(need.day),
    }
    if need.is_here:
        return ngettext(
            "%(doctor)s %(cause)s %(day)s: %(num)d patient who is here to see to.",
            "%(doctor)s %(cause)s %(day)s: %(num)d patients who are here to see to.",
            need.count,
            **facts,
        )
    return ngettext(
        "%(doctor)s %(cause)s %(day)s: %(num)d patient to move.",
        "%(doctor)s %(cause)s %(day)s: %(num)d patients to move.",
        need.count,
        **facts,
    )


def cause_words(cause: AffectedCause | None) -> str:
    """Why an appointment needs another time, after the doctor's name."""
    words = {
        AffectedCause.ABSENCE: gettext("is away"),
        AffectedCause.HOLIDAY: gettext("has a holiday"),
        AffectedCause.SCHEDULE_CHANGE: gettext("has other hours"),
        AffectedCause.DOCTOR_UNAVAILABLE: gettext("is not available"),
    }
    return words[cause] if cause else gettext("has other hours")
