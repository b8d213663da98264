"""Booking over HTTP: every rule checked, each booking another slot; the audit trail and the outbox are written."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from bench.figures import Kind, Row, Target, in_turns
from bench.house import BASELINE, House
from bench.load import JSON, Ask, Connection
from bench.run import Options

CLIENTS = (1, 4, 16)
NAME = "Booking, {} clients"
TARGET = Target(0.4, Kind.RATE)
# More than anybody books in a second here, for each second of a round.
MOST_A_SECOND = 2_500

# Slots spread over doctors and days; those of one time have different patients, who have nothing then.
_FREE = """
WITH free AS (
    SELECT s.id, s.doctor_id, s.date, s.start_time, s.starts_at,
           dense_rank() OVER (ORDER BY s.starts_at) * 1000 + row_number() OVER (PARTITION BY s.starts_at ORDER BY s.id)
           AS place
      FROM doctor_slots s
     WHERE s.date > current_date + 1 AND s.date < current_date + 29
       AND NOT EXISTS (SELECT FROM appointments a WHERE a.doctor_id = s.doctor_id AND a.starts_at = s.starts_at)),
people AS (SELECT id, row_number() OVER (ORDER BY mrn) - 1 AS place FROM patients)
SELECT f.doctor_id, f.date, f.start_time, p.id
  FROM free f JOIN people p ON p.place = f.place % (SELECT count(*) FROM patients)
 WHERE NOT EXISTS (SELECT FROM appointments a WHERE a.patient_id = p.id AND a.starts_at = f.starts_at)
 ORDER BY md5(f.id::text)
"""
_FREE_HALF_HOURS = """
WITH free AS (
    SELECT id, begins,
           (dense_rank() OVER (ORDER BY begins) * 1000 + row_number() OVER (PARTITION BY begins ORDER BY id))
           % (SELECT count(*) FROM person) + 1 AS person
      FROM half_hour WHERE state = 'free' AND begins > current_date + 2)
SELECT f.id, f.person FROM free f
 WHERE NOT EXISTS (SELECT FROM visit v WHERE v.person_id = f.person AND v.begins = f.begins)
 ORDER BY md5(f.id::text)
"""


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield a line for each number of clients."""
    wanted = [clients for clients in CLIENTS if options.wants(NAME.format(clients))]
    if not wanted:
        return
    house.let_in()
    ours, bare = iter(asks_of(house)), iter(_baseline(house))
    headers = _entered(house)
    size = int(options.seconds * MOST_A_SECOND)

    def asks(source: Iterator[Ask]) -> Sequence[Ask]:
        return list(islice(source, size))

    for clients in wanted:

        def book(clients: int = clients) -> float:
            return _booked(house, options, asks(ours), clients)

        def book_bare(clients: int = clients) -> float:
            return options.load(house.baseline_url, asks(bare), headers, clients=clients).rate

        own, other = in_turns(options.rounds, book, book_bare)
        target = TARGET if clients == max(CLIENTS) else None
        yield Row(NAME.format(clients), Kind.RATE, own, other, target, "JSON; audit event and two messages each")


def _booked(house: House, options: Options, asks: Sequence[Ask], clients: int) -> float:
    done = options.load(house.url, asks, house.program, clients=clients, content=JSON)
    return done.rate


def asks_of(house: House) -> list[Ask]:
    """Bookings that can all be made, each of another slot."""
    with house.connect() as connection:
        found = connection.execute(_FREE).fetchall()
    return [
        Ask(
            "/api/v1/appointments",
            "POST",
            json.dumps(
                {
                    "patientId": str(patient),
                    "doctorId": str(doctor),
                    "date": day.isoformat(),
                    "time": f"{at:%H:%M}",
                }
            ),
        )
        for doctor, day, at, patient in found
    ]


def _baseline(house: House) -> list[Ask]:
    with house.connect(BASELINE) as connection:
        found = connection.execute(_FREE_HALF_HOURS).fetchall()
    return [Ask("/book", "POST", f"slot={slot}&patient={person}") for slot, person in found]


def _entered(house: House) -> dict[str, str]:
    """The session of the baseline's browser, with its CSRF token."""
    _, headers, body = Connection(house.baseline_url).answer(Ask("/enter"), {})
    return {"Cookie": headers["Set-Cookie"].partition(";")[0], "X-CSRFToken": body.decode()}
