"""The charts of the administrator's overview: what each says in words, its table, and its drawing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.statistics import Days, Delivered, Filled, Waited, WaitStage
from hms_web.services import no_show_figures, overview
from hms_web.services.no_show_figures import NoShowFigures
from hms_web.services.overview import DoctorFilled, Messages, Utilisation
from hms_web.web import charts, figure_days, formats, no_show_charts
from hms_web.web.charts import BarChart, RateChart, Table
from hms_web.web.language import gettext, ngettext

STAGES = {
    WaitStage.VITALS: lazy_gettext("from check-in to vitals"),
    WaitStage.DOCTOR: lazy_gettext("from ready to the doctor"),
    WaitStage.CONSULTATION: lazy_gettext("with the doctor"),
    WaitStage.WHOLE: lazy_gettext("from check-in to the end"),
}
FILLED = (
    ("offered", lazy_gettext("offered")),
    ("booked", lazy_gettext("booked")),
    ("used", lazy_gettext("used: a patient was seen")),
)
DELIVERED = (
    ("sent", lazy_gettext("sent")),
    ("failed", lazy_gettext("could not be sent")),
    ("unsendable", lazy_gettext("not sent: no provider")),
    ("waiting", lazy_gettext("waiting to be sent")),
)
MOST_DOCTORS = 25
"""So many doctors are shown; the file has all of them."""


@dataclass(frozen=True)
class Found:
    """The figures of some days, each read from the database when it is first looked at: one statement a chart."""

    session: Session
    actor: Actor
    days: Days
    now: datetime

    @cached_property
    def no_shows(self) -> NoShowFigures:
        """Who did not come."""
        return no_show_figures.figures(self.session, self.actor, self.days, now=self.now)

    @cached_property
    def utilisation(self) -> Utilisation:
        """How full the offered times were."""
        return overview.utilisation(self.session, self.actor, self.days, now=self.now)

    @cached_property
    def waits(self) -> Sequence[Waited]:
        """How long patients waited."""
        return overview.waits(self.session, self.actor, self.days)

    @cached_property
    def messages(self) -> Messages:
        """What became of messages."""
        return overview.messages(self.session, self.actor, self.days)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was there to be counted."""
        nothing = self.no_shows.whole.whole + self.utilisation.whole.offered + self.messages.whole.whole
        return not (nothing or self.waits)


@dataclass(frozen=True, slots=True)
class DoctorRow:
    """How full a doctor's times were, with the drawing: how far its two bars reach."""

    name: str
    filled: Filled
    booked: int
    used: int


@dataclass(frozen=True, slots=True)
class WaitRow:
    """How long a stage took, with the drawing: how far the bar and the line reach."""

    name: str
    waited: Waited
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the page draws of it."""

    rates: RateChart
    filled: BarChart
    doctors: Sequence[DoctorRow]
    left_out: int
    waits: Sequence[WaitRow]
    messages: BarChart
    tables: Mapping[str, Table]
    words: Mapping[str, str]


def drawn(found: Found, days: Days) -> Drawn:
    """Return what the page draws."""
    shares, filled, told = found.no_shows.over_time, found.utilisation.over_time, found.messages.over_time
    names = [figure_days.step_words(days, begins) for begins, _ in shares]
    doctors = emptiest(found.utilisation.by_doctor)
    return Drawn(
        charts.rates(names, [share for _, share in shares]),
        charts.nested(names, [_filled_parts(one) for _, one in filled]),
        [_doctor_row(one) for one in doctors[:MOST_DOCTORS]],
        max(0, len(doctors) - MOST_DOCTORS),
        _wait_rows(found.waits),
        charts.stacked(names, [_delivered_parts(one) for _, one in told]),
        {name: table(found, days) for name, table in TABLES.items()},
        {
            "rates": no_show_charts.whole_words(found.no_shows.whole),
            "utilisation": filled_words(found.utilisation.whole),
            "waits": _wait_words(found.waits),
            "messages": delivered_words(found.messages.whole),
        },
    )


def emptiest(doctors: Sequence[DoctorFilled]) -> list[DoctorFilled]:
    """The doctors whose times were filled least first: there is room."""
    return sorted(doctors, key=lambda one: (one.filled.booked_share, one.doctor_name))


def _filled_parts(filled: Filled) -> list[tuple[str, int]]:
    return [("offered", filled.offered), ("booked", filled.booked), ("used", filled.used)]


def _delivered_parts(told: Delivered) -> list[tuple[str, int]]:
    return [
        ("sent", told.sent),
        ("failed", told.failed),
        ("unsendable", told.unsendable),
        ("waiting", told.waiting),
    ]


def _doctor_row(one: DoctorFilled) -> DoctorRow:
    booked, used = charts.across(one.filled.booked_share, 1), charts.across(one.filled.used_share, 1)
    return DoctorRow(one.doctor_name, one.filled, booked, used)


def _wait_rows(waits: Sequence[Waited]) -> list[WaitRow]:
    top = max((one.most.total_seconds() for one in waits), default=0) or 1
    return [
        WaitRow(
            str(STAGES[one.stage]),
            one,
            charts.across(one.median.total_seconds(), top),
            charts.across(one.most.total_seconds(), top),
        )
        for one in waits
    ]


def minutes(length: timedelta) -> str:
    """A length of time as people say it of a wait: `12 min`."""
    return gettext("%(minutes)s min", minutes=_minutes(length))


def _minutes(length: timedelta) -> int:
    return round(length.total_seconds() / 60)


def share_words(share: float) -> str:
    """A share from 0 to 1, in whole per cent."""
    return gettext("%(share)s %%", share=f"{100 * share:.0f}")


def filled_words(filled: Filled) -> str:
    """How many of the offered times were booked and used."""
    if not filled.offered:
        return gettext("No times were offered in these days.")
    return ngettext(
        "Of %(num)d time that was offered, %(booked)s were booked and %(used)s used.",
        "Of %(num)d times that were offered, %(booked)s were booked and %(used)s used.",
        filled.offered,
        booked=share_words(filled.booked_share),
        used=share_words(filled.used_share),
    )


def _wait_words(waits: Sequence[Waited]) -> str:
    found = next((one for one in waits if one.stage is WaitStage.DOCTOR), None)
    if found is None:
        return gettext("Nobody was seen in these days.")
    return gettext(
        "Half of the patients waited no longer than %(median)s for the doctor, nine of ten no longer than %(most)s.",
        median=minutes(found.median),
        most=minutes(found.most),
    )


def delivered_words(told: Delivered) -> str:
    """How many messages were sent, and how many were not."""
    if not told.whole:
        return gettext("No messages were written in these days.")
    return gettext(
        "%(sent)d sent, %(failed)d could not be sent, %(unsendable)d had no provider, %(waiting)d wait.",
        sent=told.sent,
        failed=told.failed,
        unsendable=told.unsendable,
        waiting=told.waiting,
    )


def _no_shows(found: Found, days: Days) -> Table:
    return no_show_charts.over_time(found.no_shows, days)


def _filled_values(filled: Filled) -> tuple[object, ...]:
    shares = charts.percent(filled.booked_share), charts.percent(filled.used_share)
    return filled.offered, filled.booked, filled.used, *shares


def _filled_heads() -> tuple[str, ...]:
    return (
        gettext("Offered"),
        gettext("Booked"),
        gettext("Used"),
        gettext("Booked in per cent"),
        gettext("Used in per cent"),
    )


def _utilisation(found: Found, days: Days) -> Table:
    rows = [
        (figure_days.step_in_full(days, begins), *_filled_values(one)) for begins, one in found.utilisation.over_time
    ]
    return Table((figure_days.step_head(days), *_filled_heads()), rows)


def _by_doctor(found: Found, _: Days) -> Table:
    rows = [(one.doctor_name, *_filled_values(one.filled)) for one in emptiest(found.utilisation.by_doctor)]
    return Table((gettext("Doctor"), *_filled_heads()), rows)


def _waits(found: Found, _: Days) -> Table:
    rows = [(STAGES[one.stage], one.count, _minutes(one.median), _minutes(one.most)) for one in found.waits]
    heads = (
        gettext("Stage"),
        gettext("Visits"),
        gettext("Half within, minutes"),
        gettext("Nine of ten within, minutes"),
    )
    return Table(heads, rows)


def _delivered_values(told: Delivered) -> tuple[object, ...]:
    return told.sent, told.failed, told.unsendable, told.waiting


def _delivered_heads() -> tuple[str, ...]:
    return gettext("Sent"), gettext("Failed"), gettext("No provider"), gettext("Waiting")


def _messages(found: Found, days: Days) -> Table:
    rows = [
        (figure_days.step_in_full(days, begins), *_delivered_values(one)) for begins, one in found.messages.over_time
    ]
    return Table((figure_days.step_head(days), *_delivered_heads()), rows)


def _by_channel(found: Found, _: Days) -> Table:
    rows = [(formats.channel_name(channel), *_delivered_values(one)) for channel, one in found.messages.by_channel]
    return Table((gettext("Channel"), *_delivered_heads()), rows)


TABLES: Mapping[str, Callable[[Found, Days], Table]] = {
    "no-shows": _no_shows,
    "utilisation": _utilisation,
    "utilisation-by-doctor": _by_doctor,
    "waits": _waits,
    "messages": _messages,
    "messages-by-channel": _by_channel,
}
