"""Reading: the grid, a doctor's day, the search, a list, and boards that ask whether anything has changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bench import load
from bench.figures import Kind, Row, Target, in_turns
from bench.house import DAYS_AHEAD, DOCTORS, House
from bench.load import Ask
from bench.run import Options
from hms_web import clock
from hms_web.domain.local_time import local_date
from hms_web.services.demo_house import ZONE
from hms_web.services.demo_large import DOCTORS_A_DEPARTMENT

CLIENTS = 16
HX = {"HX-Request": "true"}
POLL = {**HX, "X-Poll": "1"}
WAITING = 20
SURNAMES = ("shar", "pate", "okafor", "tanaka", "fernan", "qures", "mensah", "gupta")


@dataclass(frozen=True, slots=True)
class Pair:
    """What the product and the baseline are asked for the same work."""

    name: str
    ours: Sequence[Ask]
    headers: Mapping[str, str]
    baseline: Sequence[Ask]
    target: Target | None = None
    note: str = ""


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield a line for each kind of reading."""
    alarm(house)
    house.let_in()
    for pair in _pairs(house):
        if options.wants(pair.name):
            house.let_in()
            yield compare(house, options, pair)


def compare(house: House, options: Options, pair: Pair) -> Row:
    """Measure both sides of a pair in turns."""
    p50s: list[float] = []

    def ours() -> float:
        done = options.load(house.url, pair.ours, pair.headers, clients=CLIENTS)
        p50s.append(done.p50)
        return done.rate

    own, bare = in_turns(
        options.rounds, ours, lambda: options.load(house.baseline_url, pair.baseline, {}, clients=CLIENTS).rate
    )
    p50 = sorted(p50s)[len(p50s) // 2]
    note = ", ".join(part for part in (pair.note, f"p50 {Kind.MILLISECONDS.written(p50)}") if part)
    return Row(pair.name, Kind.RATE, own, bare, pair.target, note)


def _pairs(house: House) -> Iterator[Pair]:
    half, third = Target(0.5, Kind.RATE), Target(0.3, Kind.RATE)
    days = range(1, DAYS_AHEAD + 1)
    # A prime number of departments and days, so that no two requests in a row are for the same rows.
    places = [(place % (DOCTORS // DOCTORS_A_DEPARTMENT), days[place % 29]) for place in range(97)]
    desk = [f"date={day_ahead(day)}&department=Department+{number + 1:03d}" for number, day in places]
    bare = [Ask(f"/grid?first={number * DOCTORS_A_DEPARTMENT + 1}&day={day}") for number, day in places]
    yield Pair(
        "Slot grid, fragment (10 doctors × 14 slots)",
        [Ask(f"/front-desk/grid?{query}") for query in desk],
        house.browser | HX,
        bare,
        half,
        _weight(house, f"/front-desk/grid?{desk[0]}", HX),
    )
    page = [Ask(f"/front-desk?{query}") for query in desk]
    yield Pair(
        "Front desk, the whole page",
        page,
        house.browser,
        bare,
        None,
        "grid, day's list, panel and header beside the bare grid; " + _weight(house, page[0].path, {}),
    )
    with house.connect() as connection:
        doctors = [str(key) for (key,) in connection.execute("SELECT id FROM doctors ORDER BY id LIMIT 97")]
    yield Pair(
        "One doctor's day as JSON",
        [Ask(f"/api/v1/slots/doctor/{key}/date/{day_ahead(days[place % 29])}") for place, key in enumerate(doctors)],
        house.program,
        [Ask(f"/day?doctor={place + 1}&day={days[place % 29]}") for place in range(97)],
        half,
    )
    yield Pair(
        "Patient search by name, JSON",
        [Ask(f"/api/v1/patients?q={name}&limit=20") for name in SURNAMES],
        house.program,
        [Ask(f"/people?q={name}") for name in SURNAMES],
        None,
        "ours forgives typing errors and ranks",
    )
    yield Pair(
        "Appointment list, 50 of a day, JSON",
        [Ask(f"/api/v1/appointments?from={day_ahead(day)}&to={day_ahead(day)}&limit=50") for day in range(1, 29)],
        house.program,
        [Ask(f"/visits?day={day}") for day in range(1, 29)],
    )
    asked = address_of(house, "/alerts", "/alerts/list")
    yield Pair("Alert board asks, nothing new", [Ask(asked)], house.browser | POLL, [Ask("/hello")], third, "204")
    yield Pair(
        "Alert board asks, 20 alerts are new",
        [Ask("/alerts/list?seen=other")],
        house.browser | POLL,
        [Ask("/alerts")],
    )


def day_ahead(ahead: int) -> str:
    """A day so many days from today, as addresses have it."""
    return (local_date(clock.now(), ZONE) + timedelta(days=ahead)).isoformat()


def _weight(house: House, path: str, headers: Mapping[str, str]) -> str:
    status, body = load.Connection(house.url).ask(Ask(path), house.browser | dict(headers))
    assert status == 200, (path, status)
    return f"{len(body) / 1024:.1f} KiB"


def address_of(house: House, page: str, part: str) -> str:
    """The address that a page asks again and again, with what it shows."""
    status, body = load.Connection(house.url).ask(Ask(page), house.browser)
    assert status == 200, (page, status)
    found = re.search(rf'"({re.escape(part)}\?[^"]+)"', body.decode())
    assert found is not None, page
    return found[1].replace("&amp;", "&")


_ALERTS = """
INSERT INTO stage_alerts (id, hospital_id, appointment_id, patient_id, doctor_id, alert_type, status, message,
                          waiting_since, created_at)
SELECT gen_random_uuid(), hospital_id, id, patient_id, doctor_id, 'NO_VITALS', 'ACTIVE', 'Waits since 09:00', now(),
       now()
  FROM appointments WHERE status = 'SCHEDULED' ORDER BY starts_at LIMIT %s ON CONFLICT DO NOTHING
"""


def alarm(house: House) -> None:
    """Let some people wait too long today, for boards to have something to show."""
    with house.connect() as connection:
        connection.execute("DELETE FROM stage_alerts")
        connection.execute(_ALERTS, (WAITING,))
