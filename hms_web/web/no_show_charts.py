"""The charts of `/no-shows`: what each says in words, its table, and its drawing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext

from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.statistics import NOBODY, Days, LeadTime, Share, stands_out
from hms_web.services.no_show_figures import NoShowFigures
from hms_web.services.no_show_stats import DoctorShare
from hms_web.web import charts, figure_days, language
from hms_web.web.charts import Point, RateChart, Table
from hms_web.web.language import gettext, ngettext

MONDAY = date(2024, 1, 1)
MOST_DOCTORS = 25
"""So many doctors are drawn; the file has all of them."""
MOST_NAMED = 10
"""So many hours or doctors that stand out are named in a sentence."""
LEADS = {
    LeadTime.SAME_DAY: lazy_gettext("the same day"),
    LeadTime.TO_TWO_DAYS: lazy_gettext("1 or 2 days before"),
    LeadTime.TO_A_WEEK: lazy_gettext("3 to 7 days before"),
    LeadTime.TO_TWO_WEEKS: lazy_gettext("8 to 14 days before"),
    LeadTime.LONGER: lazy_gettext("15 days before and more"),
    LeadTime.UNKNOWN: lazy_gettext("in another system"),
}
# From which share on a cell of the heat map has the next darker shade.
SHADES = (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Cell:
    """A weekday's hour in the heat map; `shade` is 0 where there were too few, else 1 to 5."""

    share: Share
    shade: int
    stands_out: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with its drawing."""

    name: str
    point: Point
    stands_out: bool


@dataclass(frozen=True, slots=True)
class Charts:
    """Everything that the page shows."""

    figures: NoShowFigures
    over_time: RateChart
    over_time_table: Table
    heat: Sequence[tuple[str, Sequence[Cell]]]
    hours: Sequence[int]
    by_doctor: Sequence[Row]
    left_out: int
    by_lead_time: Sequence[Row]
    words: Mapping[str, str]


def weekday_name(day: DayOfWeek) -> str:
    """A weekday as people say it."""
    return language.weekday_names(MONDAY + timedelta(days=list(DayOfWeek).index(day)))[1]


def hour_name(hour: int) -> str:
    """The hour in which appointments begin."""
    return f"{hour:02d}:00"


def drawn(figures: NoShowFigures, days: Days) -> Charts:
    """Return what the page shows of figures."""
    doctors = ranked(figures.by_doctor)
    names = [figure_days.step_words(days, begins) for begins, _ in figures.over_time]
    found = [hour for _, hour in figures.by_hour]
    hours = range(min(found), max(found) + 1) if found else range(0)
    return Charts(
        figures,
        charts.rates(names, [share for _, share in figures.over_time]),
        over_time(figures, days),
        [(weekday_name(day), [_cell(figures, day, hour) for hour in hours]) for day in _weekdays(figures)],
        hours,
        _rows([(one.doctor_name, one.share) for one in doctors[:MOST_DOCTORS]], figures.whole),
        max(0, len(doctors) - MOST_DOCTORS),
        _rows([(str(LEADS[lead]), share) for lead, share in figures.by_lead_time], figures.whole),
        _words(figures, days),
    )


def ranked(doctors: Sequence[DoctorShare]) -> list[DoctorShare]:
    """The highest rate first; those with too few appointments to say anything of them come last."""
    return sorted(doctors, key=lambda one: (one.share.is_few, -one.share.rate, one.doctor_name))


def _weekdays(figures: NoShowFigures) -> list[DayOfWeek]:
    return [day for day in DayOfWeek if any(day is weekday for weekday, _ in figures.by_hour)]


def _cell(figures: NoShowFigures, day: DayOfWeek, hour: int) -> Cell:
    share = figures.by_hour.get((day, hour), NOBODY)
    shade = 0 if share.is_few else 1 + sum(share.rate >= least for least in SHADES)
    return Cell(share, shade, stands_out(share, figures.whole))


def _rows(named: Sequence[tuple[str, Share]], whole: Share) -> list[Row]:
    points = charts.row_points([share for _, share in named])
    return [Row(name, point, stands_out(share, whole)) for (name, share), point in zip(named, points, strict=True)]


def _words(figures: NoShowFigures, days: Days) -> dict[str, str]:
    """What the charts say, for whoever does not see them, and for whoever has no time."""
    hours = [
        gettext("%(day)s %(hour)s (%(rate)s)", day=weekday_name(day), hour=hour_name(hour), rate=charts.rate_words(one))
        for (day, hour), one in sorted(figures.by_hour.items(), key=lambda pair: -pair[1].rate)
        if stands_out(one, figures.whole)
    ]
    doctors = [one.doctor_name for one in figures.by_doctor if stands_out(one.share, figures.whole)]
    leads = [str(LEADS[lead]) for lead, share in figures.by_lead_time if stands_out(share, figures.whole)]
    return {
        "over_time": whole_words(figures.whole),
        "by_hour": _outstanding(hours, gettext("No hour lies further above the rest than chance explains.")),
        "by_doctor": _outstanding(doctors, gettext("No doctor lies further above the rest than chance explains.")),
        "by_lead_time": _outstanding(leads, gettext("None of them lies further above the rest than chance explains.")),
        "days": gettext(
            "%(first)s to %(last)s", first=language.full_date(days.first), last=language.full_date(days.last)
        ),
    }


def _outstanding(names: Sequence[str], nothing: str) -> str:
    if not names:
        return nothing
    shown, left = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    if left > 0:
        return gettext("Higher than chance explains: %(names)s and %(num)d more.", names=shown, num=left)
    return gettext("Higher than chance explains: %(names)s.", names=shown)


def whole_words(share: Share) -> str:
    """How many did not come, and how sure that is; few are said to be few."""
    if not share.whole:
        return gettext("Nobody was to come in these days.")
    if share.is_few:
        few = ngettext(
            "%(missed)d of %(num)d did not come.",
            "%(missed)d of %(num)d did not come.",
            share.whole,
            missed=share.missed,
        )
        return f"{few} {gettext('These are too few to say more.')}"
    said = ngettext(
        "%(missed)d of %(num)d did not come (%(rate)s).",
        "%(missed)d of %(num)d did not come (%(rate)s).",
        share.whole,
        missed=share.missed,
        rate=charts.rate_words(share),
    )
    sure = gettext("By chance alone it could be %(interval)s.", interval=charts.interval_words(share.interval))
    return f"{said} {sure}"


def _counted(share: Share) -> tuple[object, ...]:
    if share.is_few:
        return share.missed, share.came, "", "", ""
    low, high = share.interval.low, share.interval.high
    return share.missed, share.came, charts.percent(share.rate), charts.percent(low), charts.percent(high)


def _heads() -> tuple[str, ...]:
    return (
        gettext("Did not come"),
        gettext("Came"),
        gettext("Share in per cent"),
        gettext("By chance from"),
        gettext("By chance to"),
    )


def over_time(figures: NoShowFigures, days: Days) -> Table:
    """The table of the rates over time."""
    rows = [(figure_days.step_in_full(days, begins), *_counted(share)) for begins, share in figures.over_time]
    return Table((figure_days.step_head(days), *_heads()), rows)


def by_hour(figures: NoShowFigures, _: Days) -> Table:
    """The table of the rates by weekday and hour."""
    order = sorted(figures.by_hour.items(), key=lambda pair: (list(DayOfWeek).index(pair[0][0]), pair[0][1]))
    rows = [(weekday_name(day), hour_name(hour), *_counted(share)) for (day, hour), share in order]
    return Table((gettext("Weekday"), gettext("Hour"), *_heads()), rows)


def by_doctor(figures: NoShowFigures, _: Days) -> Table:
    """The table of the rates by doctor, all of them."""
    rows = [(one.doctor_name, *_counted(one.share)) for one in ranked(figures.by_doctor)]
    return Table((gettext("Doctor"), *_heads()), rows)


def by_lead_time(figures: NoShowFigures, _: Days) -> Table:
    """The table of the rates by how long before an appointment was booked."""
    rows = [(LEADS[lead], *_counted(share)) for lead, share in figures.by_lead_time]
    return Table((gettext("Booked"), *_heads()), rows)


TABLES: Mapping[str, Callable[[NoShowFigures, Days], Table]] = {
    "over-time": over_time,
    "by-hour": by_hour,
    "by-doctor": by_doctor,
    "by-lead-time": by_lead_time,
}
