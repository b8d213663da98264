"""Lives a season through: everything at its own time, by a simulated clock, through the use cases of the pages."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hms_web.domain.identity import timezone_mistake
from hms_web.domain.importing import Unusable
from hms_web.domain.job_health import is_open
from hms_web.domain.local_time import first_instant, local_date
from hms_web.domain.refusals import Refusal
from hms_web.domain.replay import Deed, Visit, deeds_of, last_attended, ticks
from hms_web.domain.validation import refuse_invalid
from hms_web.services import no_show_sweep, stage_alerts, unit_of_work
from hms_web.services.replaying import acts
from hms_web.services.replaying.clinics import Clinic
from hms_web.services.replaying.opening import House

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One deed about one visit of the clinic with that place in the plan, at its instant."""

    at: datetime
    deed: Deed
    place: int
    visit: Visit


@dataclass(frozen=True, slots=True)
class Plan:
    """A season as it will be lived: events in order, none of them after `end`."""

    clinics: Sequence[Clinic]
    zone: ZoneInfo
    events: Sequence[Event]
    end: datetime

    @property
    def first(self) -> date:
        """The day of the first event."""
        return local_date(self.events[0].at, self.zone)

    @property
    def until(self) -> date:
        """The day on which it ends."""
        return local_date(self.end, self.zone)


@dataclass(frozen=True, slots=True)
class Day:
    """Events of one day, and the instants after and up to which the scheduler ticks in it."""

    events: Sequence[Event]
    since: datetime
    until: datetime


@dataclass(slots=True)
class State:
    """What is known while a season goes on: ids by clinic and number, who is expected from when to when, who waits,
    who is with the doctor in which consultation, and which bookings were refused.
    """

    ids: dict[tuple[int, str], UUID] = field(default_factory=dict)
    expected: dict[UUID, tuple[datetime, datetime]] = field(default_factory=dict)
    waiting: set[UUID] = field(default_factory=set)
    consultations: dict[UUID, UUID] = field(default_factory=dict)
    refused: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def copy(self) -> "State":
        """Return one that changes by itself."""
        refused = defaultdict(Counter, {place: Counter(counts) for place, counts in self.refused.items()})
        return State(dict(self.ids), dict(self.expected), set(self.waiting), dict(self.consultations), refused)


def plan(clinics: Sequence[Clinic], *, timezone: str, until: date | None = None) -> Plan:
    """Put the deeds of all clinics in order, up to the beginning of the day `until`.

    By default that is the day after the last on which anybody came. Raises InvalidInput for a time zone that is none,
    Unusable when nothing happens before the end.
    """
    refuse_invalid(("timezone", timezone_mistake(timezone)))
    zone = ZoneInfo(timezone)
    last = last_attended(visit for clinic in clinics for visit in clinic.visits)
    if until is None and last is None:
        message = "Nobody came to any appointment: say with --until when the season ends."
        raise Unusable(message)
    end = first_instant(until or (last or date.min) + A_DAY, time.min, zone)
    return planned(clinics, zone, end)


def planned(clinics: Sequence[Clinic], zone: ZoneInfo, end: datetime) -> Plan:
    """Return the plan of a season that ends at an instant; raises Unusable when nothing happens before."""
    events = [
        Event(at, deed, place, visit)
        for place, clinic in enumerate(clinics)
        for visit in clinic.visits
        for at, deed in deeds_of(visit, zone)
        if at < end
    ]
    if not events:
        message = "Nothing happens before the season ends."
        raise Unusable(message)
    events.sort(key=lambda event: (event.at, event.deed, event.place, event.visit.number.zfill(32)))
    return Plan(clinics, zone, events, end)


def live(
    session: Session, house: House, season: Plan, *, advance: Callable[[int], object] = lambda _: None
) -> dict[int, Counter[str]]:
    """Live a season in its hospital, one transaction a day; return the refused bookings' codes by clinic.

    A refused booking is counted, and nothing follows from it. `advance` is told of every event that was dealt with.
    """
    state, since = State(), season.events[0].at - A_DAY
    for day, events in groupby(season.events, key=lambda event: local_date(event.at, season.zone)):
        until = min(first_instant(day + A_DAY, time.min, season.zone), season.end)
        today = Day(list(events), since, until)
        state = unit_of_work.run(session, partial(_live_day, session, house, season, state, today))
        session.expunge_all()
        since = until
        advance(len(today.events))
    rest = Day([], since, season.end)
    return unit_of_work.run(session, partial(_live_day, session, house, season, state, rest)).refused


def _live_day(session: Session, house: House, season: Plan, before: State, day: Day) -> State:
    """Live a day's events with the ticks between them; return what is known then. A second try begins anew."""
    state, clock = before.copy(), day.since
    for event in day.events:
        clock = _tick(session, house, season.zone, state, clock, event.at)
        _do(session, house, state, event)
    _tick(session, house, season.zone, state, clock, day.until)
    return state


def _tick(session: Session, house: House, zone: ZoneInfo, state: State, after: datetime, until: datetime) -> datetime:
    """Run the sweep and the scan of alerts at every tick after one instant and up to another; return the latter.

    A tick before which nobody was due and at which nobody waits would change nothing, and is left out.
    """
    if not (state.expected or state.waiting):
        return until
    for tick in ticks(after, until):
        due = [key for key, (starts_at, _) in state.expected.items() if starts_at <= tick]
        if not (due or state.waiting) or not is_open(tick, zone):
            continue
        no_show_sweep.sweep(session, house.system, now=tick)
        stage_alerts.scan(session, house.system, now=tick)
        for key in due:
            if state.expected[key][1] <= tick:
                del state.expected[key]
    return until


def _do(session: Session, house: House, state: State, event: Event) -> None:
    practice, key = house.practices[event.place], (event.place, event.visit.number)
    if event.deed is Deed.BOOK:
        booked = acts.book(session, house, practice, event.visit, now=event.at)
        if isinstance(booked, Refusal):
            state.refused[event.place][str(booked.code)] += 1
        else:
            state.ids[key] = booked.id
            state.expected[booked.id] = (booked.starts_at, booked.ends_at)
        return
    appointment_id = state.ids.get(key)
    if appointment_id is None:  # its booking was refused
        return
    match event.deed:
        case Deed.CANCEL:
            acts.cancel(session, house, appointment_id, now=event.at)
        case Deed.CHECK_IN:
            acts.check_in(session, house, appointment_id, now=event.at)
            state.waiting.add(appointment_id)
        case Deed.VITALS:
            acts.measure(session, house, appointment_id, now=event.at)
        case Deed.START:
            state.consultations[appointment_id] = acts.start(session, practice, appointment_id, now=event.at)
            state.waiting.discard(appointment_id)
        case _:  # to complete is all that is left
            acts.complete(session, practice, state.consultations.pop(appointment_id), now=event.at)
    state.expected.pop(appointment_id, None)
