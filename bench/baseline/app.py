"""A bare Flask application over the baselines' tables: what no program can leave out, and nothing else.

It signs nobody in, checks no role, logs nothing and has no layers. Each page is one SQL statement and one template
that was compiled before; a booking is one SELECT that names the first broken rule and one statement that writes.
"""

import datetime as dt
import hmac
import os
import threading
from typing import Any

import psycopg
from flask import Flask, abort, jsonify, request, session
from flask.typing import ResponseReturnValue

from hms_web import clock

app = Flask(__name__)
app.secret_key = "of the bench"  # noqa: S105 protects nothing
_own = threading.local()

_GRID = app.jinja_env.from_string(
    """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ day }}</title>
<link rel="stylesheet" href="/base.css"></head><body><main><h1>{{ day }}</h1><table><thead><tr><th>Time</th>
{%- for name in names %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{%- for at, cells in rows %}<tr><th>{{ at }}</th>
{%- for id, state in cells -%}
<td class="{{ state }}">{% if state == "free" %}<button hx-post="/book/{{ id }}" hx-target="closest td">Book</button>
{%- else %}<span>{{ state }}</span>{% endif %}</td>
{%- endfor %}</tr>{% endfor %}</tbody></table></main></body></html>"""
)
_CELL = app.jinja_env.from_string('<td class="booked" id="h{{ id }}"><b>booked</b> <i>{{ who }}</i></td>')
_NO = app.jinja_env.from_string('<td class="no" id="h{{ id }}" role="alert">{{ why }}</td>')
_ALERTS = app.jinja_env.from_string(
    """<ul>{% for name, doctor, waits in rows %}<li><b>{{ name }}</b> <i>{{ doctor }}</i> {{ waits }}
<form method="post" action="/take"><button>I look after it</button></form></li>{% endfor %}</ul>"""
)

_DAYS_GRID = """
SELECT begins, array_agg(id ORDER BY clinician_id), array_agg(state ORDER BY clinician_id) FROM half_hour
 WHERE clinician_id = ANY(%s) AND begins >= %s AND begins < %s GROUP BY begins ORDER BY begins
"""
_DAY = (
    "SELECT id, begins, state FROM half_hour WHERE clinician_id = %s AND begins >= %s AND begins < %s ORDER BY begins"
)
_SEARCH = "SELECT id, name FROM person WHERE name ILIKE %s ORDER BY name, id LIMIT 20"
_LIST = """
SELECT v.id, v.begins, v.state, p.name, c.name FROM visit v JOIN person p ON p.id = v.person_id
  JOIN clinician c ON c.id = v.clinician_id WHERE v.begins >= %s ORDER BY v.begins, v.id LIMIT 50
"""
_WAITING = """
SELECT p.name, c.name, v.begins FROM visit v JOIN person p ON p.id = v.person_id
  JOIN clinician c ON c.id = v.clinician_id WHERE v.begins >= %s AND v.state = 'SCHEDULED' ORDER BY v.begins LIMIT 20
"""

RULES = (
    "no such patient",
    "patient blocked",
    "patient is elsewhere then",
    "no such doctor",
    "doctor takes no bookings",
    "doctor has left",
    "gone by",
    "too far ahead",
    "hospital closed",
    "doctor away",
    "not working then",
    "in the break",
    "taken",
    "day full",
)
_RULES = """
SELECT p.id IS NOT NULL, NOT p.is_blocked,
       NOT EXISTS (SELECT FROM visit v WHERE v.person_id = p.id AND v.state NOT IN ('CANCELLED', 'NO_SHOW')
                     AND v.begins < h.begins + h.minutes * interval '1 min'
                     AND v.begins + v.minutes * interval '1 min' > h.begins),
       c.id IS NOT NULL, c.is_open, c.works_here, h.begins > now(), h.begins < current_date + 31,
       NOT EXISTS (SELECT FROM closed_day x WHERE x.day = h.begins::date),
       NOT EXISTS (SELECT FROM away a WHERE a.clinician_id = c.id AND a.is_active
                     AND h.begins::date BETWEEN a.first AND a.last),
       w.opens IS NOT NULL AND h.begins::time >= w.opens AND h.begins::time < w.closes,
       w.pause_from IS NULL OR h.begins::time < w.pause_from OR h.begins::time >= w.pause_to,
       h.state = 'free',
       (SELECT count(*) FROM visit v WHERE v.clinician_id = c.id AND v.begins >= h.begins::date
           AND v.begins < h.begins::date + 1 AND v.state NOT IN ('CANCELLED', 'NO_SHOW')) < c.most_a_day
  FROM half_hour h JOIN clinician c ON c.id = h.clinician_id LEFT JOIN person p ON p.id = %s
  LEFT JOIN week_hours w ON w.clinician_id = c.id AND w.weekday = extract(dow FROM h.begins) WHERE h.id = %s
"""
_BOOK = """
WITH mine AS (UPDATE half_hour SET state = 'booked' WHERE id = %s AND state = 'free' RETURNING *),
     made AS (INSERT INTO visit (half_hour_id, person_id, clinician_id, begins, minutes)
              SELECT id, %s, clinician_id, begins, minutes FROM mine RETURNING id)
INSERT INTO journal (who, what, visit_id) SELECT 1, 'booked', id FROM made RETURNING visit_id
"""


def rows_of(statement: str, *given: object) -> list[Any]:
    """Ask on this thread's own connection, which prepares what it is asked a second time."""
    if not hasattr(_own, "connection"):
        _own.connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True, prepare_threshold=1)
    return list(_own.connection.execute(statement, given).fetchall())


def _day() -> tuple[dt.date, dt.date]:
    day = clock.now().date() + dt.timedelta(days=request.args.get("day", 1, type=int))
    return day, day + dt.timedelta(days=1)


@app.get("/hello")
def hello() -> str:
    """A constant: the floor under everything."""
    return "hello"


@app.get("/grid")
def grid() -> str:
    """Ten doctors' day as a table."""
    first = request.args.get("first", 1, type=int)
    day, until = _day()
    found = rows_of(_DAYS_GRID, list(range(first, first + 10)), day, until)
    rows = [(f"{at:%H:%M}", zip(ids, states, strict=True)) for at, ids, states in found]
    return _GRID.render(day=day, names=[f"Dr. Name{n} Surname" for n in range(first, first + 10)], rows=rows)


@app.get("/day")
def day() -> ResponseReturnValue:
    """One doctor's day as JSON."""
    found = rows_of(_DAY, request.args.get("doctor", 1, type=int), *_day())
    return jsonify([{"id": key, "at": at.isoformat(), "state": state} for key, at, state in found])


@app.get("/people")
def people() -> ResponseReturnValue:
    """A search by name."""
    found = rows_of(_SEARCH, f"%{request.args.get('q', '')}%")
    return jsonify([{"id": key, "name": name} for key, name in found])


@app.get("/visits")
def visits() -> ResponseReturnValue:
    """A page of appointments."""
    found = rows_of(_LIST, _day()[0])
    return jsonify(
        [
            {"id": key, "at": at.isoformat(), "state": state, "who": who, "doctor": doctor}
            for key, at, state, who, doctor in found
        ]
    )


@app.get("/alerts")
def alerts() -> str:
    """Twenty people who wait."""
    return _ALERTS.render(rows=rows_of(_WAITING, _day()[0]))


@app.get("/enter")
def enter() -> str:
    """Begin a session; the answer is its CSRF token."""
    session["who"], session["csrf"] = 1, "t" * 43
    return "t" * 43


@app.post("/book")
def book() -> ResponseReturnValue:
    """Book with every rule checked: the session, the CSRF token, one SELECT, one statement that writes."""
    if "who" not in session:
        abort(401)
    if not hmac.compare_digest(session["csrf"], request.headers.get("X-CSRFToken", "")):
        abort(400)
    half_hour, person = int(request.form["slot"]), int(request.form["patient"])
    found = rows_of(_RULES, person, half_hour)
    if not found:
        abort(404)
    if not all(found[0]):
        return _NO.render(id=half_hour, why=RULES[[bool(holds) for holds in found[0]].index(False)]), 409
    if not rows_of(_BOOK, half_hour, person):
        return _NO.render(id=half_hour, why="taken"), 409
    return _CELL.render(id=half_hour, who=person), 201
