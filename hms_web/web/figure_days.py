"""Which days figures are about, as an address says it, and the stretches that are offered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from werkzeug.datastructures import MultiDict

from hms_web.domain.statistics import Days, Step, days_of
from hms_web.web import asked, language
from hms_web.web.language import gettext

USUAL = timedelta(days=29)
"""Who names no days sees today and the four weeks before."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A stretch of days that is offered."""

    words: str
    href: str
    is_current: bool


def read(values: MultiDict[str, str], today: date) -> Days:
    """Read the days of an address: the usual ones unless it names others; never more than a year."""
    last = asked.day(values, "last")
    first = asked.day(values, "first") or (last or today) - USUAL
    return days_of(first, last, today)


def presets(days: Days, today: date, address: Callable[[date], str]) -> list[Preset]:
    """Return the stretches up to today that are offered; `address` makes the link of one from its first day."""
    offered = [
        (gettext("%(num)d days", num=7), today - timedelta(days=6)),
        (gettext("%(num)d days", num=30), today - USUAL),
        (gettext("%(num)d days", num=90), today - timedelta(days=89)),
        (gettext("This year"), today.replace(month=1, day=1)),
    ]
    return [Preset(words, address(first), (days.first, days.last) == (first, today)) for words, first in offered]


def step_words(days: Days, begins: date) -> str:
    """One step of the days where there is little room: a day, the day on which a week begins, or a month."""
    return language.short_month(begins) if days.step is Step.MONTH else language.day_and_month(begins)


def step_in_full(days: Days, begins: date) -> str:
    """One step of the days in a table and its file, with its year; a day so that spreadsheets know it as one."""
    return language.short_month(begins) if days.step is Step.MONTH else begins.isoformat()


def step_head(days: Days) -> str:
    """What a step is, above a column of them."""
    return {
        Step.DAY: gettext("Day"),
        Step.WEEK: gettext("Week from"),
        Step.MONTH: gettext("Month"),
    }[days.step]
