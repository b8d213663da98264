"""What has to be true of the whole database at any time, whatever happened before (quality.md, Correct under pressure).

`check` asks everything and names every violation at once. Each rule is a query for the rows that break it, written
without the product's own queries; `tests/races/test_invariants.py` shows of each that it can fail.

A doctor's maximum may be lowered below what is booked already: nobody is sent home for that. So a day counts as too
full when it has more appointments than the highest maximum that this doctor ever had.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from hms_web.domain.messages import MessageEvent
from hms_web.domain.visits import INACTIVE, TRANSITIONS
from hms_web.services.outbox import PATIENT_CHANNELS
from tests import affected_rules

_ACTIVE = "{}.status NOT IN (" + ", ".join(f"'{status}'" for status in sorted(INACTIVE)) + ")"
_OVERLAP = "tstzrange({0}.starts_at, {0}.ends_at) && tstzrange({1}.starts_at, {1}.ends_at)"

# In the order of their starts, whatever begins before everything earlier has ended overlaps something.
_OVERLAPPING = """
    SELECT * FROM (
        SELECT {of}, t.id, t.starts_at,
               max(t.ends_at) OVER (PARTITION BY {of} ORDER BY t.starts_at, t.id
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_until
          FROM {table} t WHERE {where}) AS ordered
     WHERE ordered.earlier_until > ordered.starts_at
"""
_TWO_AT_ONCE = _OVERLAPPING.format(of="{0}", table="appointments", where=_ACTIVE.format("t"))
_SLOTS_OVERLAP = _OVERLAPPING.format(of="doctor_id", table="doctor_slots", where="true")

_TWO_IN_A_SLOT = f"""
    SELECT s.id AS slot_id, s.starts_at, count(*) AS appointments
      FROM doctor_slots s JOIN appointments a ON a.doctor_id = s.doctor_id AND {_OVERLAP.format("a", "s")}
     WHERE {_ACTIVE.format("a")}
     GROUP BY s.id, s.starts_at HAVING count(*) > 1
"""

_TWO_FROM_A_START = f"""
    SELECT a.doctor_id, a.starts_at, count(*) AS appointments
      FROM appointments a WHERE {_ACTIVE.format("a")}
     GROUP BY a.doctor_id, a.starts_at HAVING count(*) > 1
"""

_TOO_FULL = f"""
    SELECT a.doctor_id, a.date, count(*) AS appointments, highest.maximum
      FROM appointments a
      JOIN doctors d ON d.id = a.doctor_id
     CROSS JOIN LATERAL (
           SELECT max(m) AS maximum
             FROM (SELECT d.max_patients_per_day
                    UNION ALL
                   SELECT (e.details #>> '{{changes,max_patients_per_day,from}}')::int
                     FROM audit_events e
                    WHERE e.hospital_id = d.hospital_id AND e.record_type = 'doctor' AND e.record_id = d.id) AS had(m)
           ) AS highest
     WHERE {_ACTIVE.format("a")}
     GROUP BY a.doctor_id, a.date, highest.maximum HAVING count(*) > highest.maximum
"""

_NOT_ONE_EVENT = """
    SELECT a.id, a.version, count(e.id) AS events, count(e.id) FILTER (WHERE e.action = 'appointment.booked') AS booked
      FROM appointments a
      LEFT JOIN audit_events e
        ON e.hospital_id = a.hospital_id AND e.record_type = 'appointment' AND e.record_id = a.id
       AND e.action <> 'appointment.viewed'
     GROUP BY a.id, a.version
    HAVING count(e.id) <> a.version OR count(e.id) FILTER (WHERE e.action = 'appointment.booked') <> 1
"""

# What is told of each action, once a channel. Imported appointments may be booked in silence.
_TOLD = {
    "appointment.booked": [MessageEvent.BOOKED],
    "appointment.rescheduled": [MessageEvent.RESCHEDULED],
    "appointment.cancelled": [
        MessageEvent.CANCELLED,
        MessageEvent.CANCELLED_BY_EMERGENCY,
        MessageEvent.DOCTOR_UNAVAILABLE,
    ],
    "appointment.no_show": [
        MessageEvent.NO_SHOW,
        MessageEvent.NO_SHOW_BLOCKED,
        MessageEvent.NOT_COMING,
        MessageEvent.NOT_COMING_BLOCKED,
    ],
    "appointment.kept": [MessageEvent.KEPT],
}

_NOT_ONE_MESSAGE = """
    SELECT a.id, said.action, channel.name AS channel, done.times AS done, told.times AS told
      FROM appointments a
     CROSS JOIN (VALUES {told}) AS said(action, events)
     CROSS JOIN (VALUES {channels}) AS channel(name)
     CROSS JOIN LATERAL (
           SELECT count(*) AS times FROM audit_events e
            WHERE e.hospital_id = a.hospital_id AND e.record_type = 'appointment' AND e.record_id = a.id
              AND (e.action = said.action OR e.details ->> 'told' = ANY(said.events))) AS done
     CROSS JOIN LATERAL (
           SELECT count(*) AS times FROM notifications n
            WHERE n.appointment_id = a.id AND n.channel = channel.name AND n.event = ANY(said.events)) AS told
     WHERE done.times <> told.times
       AND NOT (a.import_key IS NOT NULL AND said.action = 'appointment.booked' AND told.times = 0)
""".format(
    told=", ".join(
        "('{}', ARRAY[{}])".format(action, ", ".join(f"'{event}'" for event in events))
        for action, events in _TOLD.items()
    ),
    channels=", ".join(f"('{channel}')" for channel in PATIENT_CHANNELS),
)

_STEPS = """
    SELECT e.record_id, e.details #>> '{status,from}' AS "from", e.details #>> '{status,to}' AS "to"
      FROM audit_events e
     WHERE e.record_type = 'appointment' AND e.details -> 'status' ? 'to'
"""

_NO_SUCH_EDGE = """
    SELECT steps.* FROM ({steps}) AS steps WHERE (steps."from", steps."to") NOT IN ({edges})
""".format(
    steps=_STEPS,
    edges=", ".join(f"('{before}', '{after}')" for before, afters in TRANSITIONS.items() for after in sorted(afters)),
)

# Whoever walks from SCHEDULED to the present status enters each status as often as they leave it, but for the two ends.
# That holds in any order, which matters because a clock that stands still leaves events without one.
_BROKEN_WALK = f"""
    SELECT walk.id, walk.status, sum(walk.entered) AS surplus
      FROM (SELECT a.id, 'SCHEDULED' AS status, 1 AS entered FROM appointments a
             UNION ALL SELECT a.id, a.status, -1 FROM appointments a
             UNION ALL SELECT steps.record_id, steps."to", 1 FROM ({_STEPS}) AS steps
             UNION ALL SELECT steps.record_id, steps."from", -1 FROM ({_STEPS}) AS steps) AS walk
     GROUP BY walk.id, walk.status HAVING sum(walk.entered) <> 0
"""

_SLOT_UNDER_ANOTHER_LENGTH = f"""
    SELECT s.id AS slot_id, a.id AS appointment_id, s.starts_at, s.ends_at, a.starts_at AS appointed, a.ends_at AS until
      FROM doctor_slots s JOIN appointments a ON a.doctor_id = s.doctor_id AND {_OVERLAP.format("a", "s")}
     WHERE {_ACTIVE.format("a")} AND (a.starts_at, a.ends_at) <> (s.starts_at, s.ends_at)
"""

_TOKEN_TWICE = """
    SELECT a.doctor_id, a.date, a.token_number, count(*) AS appointments
      FROM appointments a GROUP BY a.doctor_id, a.date, a.token_number HAVING count(*) > 1
"""

_LISTED_AND_KEPT = """
    SELECT id, affected_cause, kept_cause FROM appointments WHERE num_nonnulls(affected_cause, kept_cause) = 2
"""

# Who was told of a move or a keeping that was undone is told again; who was not is never told of it.
_WRONG_MESSAGE = """
    SELECT s.appointment_id, n.channel, n.state
      FROM affected_steps s
      JOIN notifications n ON n.appointment_id = s.appointment_id
       AND n.dedupe_key IN ('appointment.rescheduled:' || s.appointment_id || ':' || s.version || ':' || n.channel,
                            'appointment.kept:' || s.appointment_id || ':' || s.version || ':' || n.channel)
     WHERE s.undone_at IS NOT NULL AND n.state <> 'SUPPRESSED'
       AND (n.state = 'QUEUED' AND n.claimed_until IS NULL
            OR NOT EXISTS (SELECT FROM notifications later
                            WHERE later.appointment_id = n.appointment_id AND later.channel = n.channel
                              AND later.id <> n.id AND later.created_at >= s.undone_at))
"""

# The last that a patient may have heard is not that another time is needed while the appointment stands; whoever came
# to the desk meanwhile knows better.
_STAYS_AT_HOME = """
    SELECT a.id, n.event, n.state
      FROM appointments a
      JOIN notifications n ON n.appointment_id = a.id AND n.channel = 'sms'
     WHERE a.status IN ('SCHEDULED', 'CONFIRMED') AND a.affected_cause IS NULL
       AND n.event IN ('appointment.affected_by_absence', 'appointment.affected_by_holiday',
                       'appointment.needs_rescheduling')
       AND (n.state IN ('SENT', 'FAILED') OR n.attempts > 0 OR n.sendings > 1 OR n.claimed_until IS NOT NULL
            OR n.phoned_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM notifications later
                        WHERE later.appointment_id = a.id AND later.channel = 'sms'
                          AND (later.created_at, later.id) > (n.created_at, n.id))
       AND NOT EXISTS (SELECT FROM audit_events e
                        WHERE e.hospital_id = a.hospital_id AND e.record_type = 'appointment' AND e.record_id = a.id
                          AND e.action = 'appointment.checked_in' AND e.at >= n.created_at)
"""

_STEP_SAYS_NOTHING = "SELECT id, action FROM affected_steps WHERE (refusal IS NULL) <> (version IS NOT NULL)"

_UNANSWERED = "SELECT k.key, k.status FROM idempotency_keys k WHERE k.status IS NULL OR k.body IS NULL"

_TWO_CONSULTATIONS = """
    SELECT c.appointment_id, count(*) AS consultations
      FROM consultations c WHERE c.status IN ('STARTED', 'IN_PROGRESS')
     GROUP BY c.appointment_id HAVING count(*) > 1
"""

_SEEN_AND_NOT = """
    SELECT a.id, a.status, count(c.id) AS consultations
      FROM appointments a
      LEFT JOIN consultations c ON c.appointment_id = a.id AND c.status IN ('STARTED', 'IN_PROGRESS')
     GROUP BY a.id, a.status HAVING (a.status = 'IN_PROGRESS') <> (count(c.id) > 0)
"""

# What was imported as completed has been so elsewhere.
_DONE_WITHOUT = """
    SELECT a.id, a.status, count(c.id) AS consultations
      FROM appointments a
      LEFT JOIN consultations c ON c.appointment_id = a.id AND c.status = 'COMPLETED'
     WHERE a.import_key IS NULL
     GROUP BY a.id, a.status HAVING (a.status = 'COMPLETED') <> (count(c.id) = 1) OR count(c.id) > 1
"""

_VITALS_OF_NOBODY = """
    SELECT a.id, a.vitals_recorded_at FROM appointments a
     WHERE a.vitals_recorded_at IS NOT NULL AND NOT EXISTS (SELECT FROM vitals v WHERE v.appointment_id = a.id)
"""

_MISCOUNTED = """
    SELECT p.id, p.no_show_count, p.lifetime_no_shows, logs.counted, logs.live
      FROM patients p
     CROSS JOIN LATERAL (
           SELECT count(*) AS live, count(*) FILTER (WHERE l.is_counted) AS counted
             FROM no_show_logs l WHERE l.patient_id = p.id AND l.reverted_at IS NULL) AS logs
     WHERE (p.no_show_count, p.lifetime_no_shows) <> (logs.counted, logs.live)
"""

_BLOCKED_TWICE = """
    SELECT p.id, blocked.times AS blocked, unblocked.times AS unblocked, p.is_auto_blocked
      FROM patients p
     CROSS JOIN LATERAL (SELECT count(*) AS times FROM audit_events e
                          WHERE e.record_type = 'patient' AND e.record_id = p.id
                            AND e.action = 'patient.blocked') AS blocked
     CROSS JOIN LATERAL (SELECT count(*) AS times FROM audit_events e
                          WHERE e.record_type = 'patient' AND e.record_id = p.id
                            AND e.action = 'patient.unblocked'
                            AND e.details #>> '{changes,is_auto_blocked,from}' = 'true') AS unblocked
     WHERE blocked.times - unblocked.times <> p.is_auto_blocked::int
        OR (p.is_auto_blocked AND (p.status <> 'BLOCKED' OR p.no_show_count < 3))
"""

_NO_SHOW_WITHOUT = """
    SELECT a.id, a.status, count(l.id) AS logs, excused.times AS excused
      FROM appointments a LEFT JOIN no_show_logs l ON l.appointment_id = a.id AND l.reverted_at IS NULL
     CROSS JOIN LATERAL (SELECT count(*) AS times FROM audit_events e
                          WHERE a.status = 'NO_SHOW' AND e.record_type = 'appointment' AND e.record_id = a.id
                            AND e.action = 'appointment.no_show_excused') AS excused
     GROUP BY a.id, a.status, excused.times
    HAVING count(l.id) <> (a.status = 'NO_SHOW')::int - excused.times
"""

_ALARMED_FOR_NOTHING = """
    SELECT s.id, s.alert_type, a.status
      FROM stage_alerts s JOIN appointments a ON a.id = s.appointment_id
     WHERE s.status <> 'RESOLVED'
       AND (a.status <> 'CHECKED_IN' OR (s.alert_type = 'NO_VITALS') <> (a.vitals_recorded_at IS NULL))
"""

# Whatever begins after the last thing that happened is still to come.
_NO_SLOT = f"""
    SELECT a.id, a.doctor_id, a.starts_at, a.ends_at FROM appointments a
     WHERE {_ACTIVE.format("a")}
       AND a.starts_at > (SELECT max(e.at) FROM audit_events e WHERE e.hospital_id = a.hospital_id)
       AND NOT EXISTS (SELECT FROM doctor_slots s
                        WHERE s.doctor_id = a.doctor_id AND s.starts_at = a.starts_at AND s.ends_at = a.ends_at)
"""

RULES: dict[str, str] = {
    "a doctor has two active appointments at once": _TWO_AT_ONCE.format("doctor_id"),
    "a patient has two active appointments at once": _TWO_AT_ONCE.format("patient_id"),
    "a slot has two active appointments": _TWO_IN_A_SLOT,
    "two active appointments of a doctor begin together": _TWO_FROM_A_START,
    "the day of a doctor is over its maximum": _TOO_FULL,
    "a change has not exactly one audit event": _NOT_ONE_EVENT,
    "a change has not exactly one message a channel": _NOT_ONE_MESSAGE,
    "a status followed one that it may not follow": _NO_SUCH_EDGE,
    "the audited statuses do not lead to the present one": _BROKEN_WALK,
    "stored slots of a doctor overlap": _SLOTS_OVERLAP,
    "a slot and an active appointment overlap without being the same time": _SLOT_UNDER_ANOTHER_LENGTH,
    "somebody will come at a time that is no slot, and stands in no grid": _NO_SLOT,
    "a token number was given twice": _TOKEN_TWICE,
    "an appointment is kept and needs attention at once": _LISTED_AND_KEPT,
    "a plan was undone and its patient is told of it all the same": _WRONG_MESSAGE,
    "somebody who heard that another time is needed does not hear that it is not": _STAYS_AT_HOME,
    "a step of a plan was neither done nor refused": _STEP_SAYS_NOTHING,
    "a remembered request has no answer": _UNANSWERED,
    "an appointment has two open consultations": _TWO_CONSULTATIONS,
    "somebody is with the doctor without a consultation, or the other way round": _SEEN_AND_NOT,
    "a visit is completed without its consultation, or the other way round": _DONE_WITHOUT,
    "vitals are said to have been taken and are not there": _VITALS_OF_NOBODY,
    "the no-shows of a patient are not those of the logs": _MISCOUNTED,
    "a block by no-shows came or went more often than it should": _BLOCKED_TWICE,
    "an appointment is a no-show without its log, or the other way round": _NO_SHOW_WITHOUT,
    "an alert lives on although the visit has moved on": _ALARMED_FOR_NOTHING,
}
"""What is wrong, and the query for where it is."""

NAMES = RULES.keys() | affected_rules.NAMES
"""All that can be wrong; who has to be on the affected list is too much for a query."""

MOST_SHOWN = 5

# All of them in one question, so that it can be asked after every step of a long history.
_EVERYTHING = sa.text(
    " UNION ALL ".join(
        f"SELECT '{wrong}' AS wrong, to_jsonb(rows) AS row FROM ({query}) AS rows" for wrong, query in RULES.items()
    )
)


def violations(connection: sa.Connection) -> dict[str, list[str]]:
    """Return the rows that break a rule, by the rule."""
    found: dict[str, list[str]] = {}
    for wrong, row in connection.execute(_EVERYTHING):
        found.setdefault(wrong, []).append(", ".join(f"{name}={value}" for name, value in row.items()))
    return found | affected_rules.violations(connection)


def check(connection: sa.Connection) -> None:
    """Raise AssertionError with every violation there is; nothing is changed."""
    found = violations(connection)
    assert not found, "\n".join(["The database holds what must not be:", *_lines(found)])


def _lines(found: dict[str, list[str]]) -> Iterator[str]:
    """Give one line a violation, the first few of each rule."""
    for wrong, rows in found.items():
        yield from (f"- {wrong}: {row}" for row in rows[:MOST_SHOWN])
        if len(rows) > MOST_SHOWN:
            yield f"- {wrong}: {len(rows) - MOST_SHOWN} more"
