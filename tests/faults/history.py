"""What the clients of C12 were told, held against the database afterwards: each yes is there, each no had a reason.

A request that got no answer, or 503, may or may not have been done: it counts as something that can have been in the
way, and as nothing that must be there. Times are compared with the longest slot there is, so a reason is never missed.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hms_web.api.problems import Wrong
from hms_web.domain.refusals import Code
from tests.races.crowd import API, Answer, Ask

LONGEST_SLOT, LOWEST_MAXIMUM = 60, 6
KNOWN = {*map(str, Code), *map(str, Wrong)}

# Where what was answered with 201 has to be, by the end of the address; what may be removed again is in the audit.
KEPT = {
    "/appointments": "SELECT 1 FROM appointments WHERE id = :id",
    "/vitals": "SELECT 1 FROM vitals WHERE id = :id",
    "/consultations": "SELECT 1 FROM consultations WHERE id = :id",
    "/absences": "SELECT 1 FROM doctor_absences WHERE id = :id",
    "/holidays": "SELECT 1 FROM audit_events WHERE record_id = :id AND action = 'holiday.created'",
    "/plans": "SELECT 1 FROM affected_batches WHERE id = :id",
    "/hold": "",  # for two minutes, or until it is let go
}
# What was answered with 200 and can never be undone.
FINAL = {
    "DELETE /appointments/": "SELECT 1 FROM appointments WHERE id = :id AND status = 'CANCELLED'",
    "POST /complete": """
        SELECT 1 FROM consultations c JOIN appointments a ON a.id = c.appointment_id
         WHERE c.id = :id AND c.status = 'COMPLETED' AND a.status = 'COMPLETED'""",
    "POST /unblock": "SELECT 1 FROM audit_events WHERE record_id = :id AND action = 'patient.unblocked'",
}


@dataclass(frozen=True)
class Entry:
    """A request and its answer; None where the connection was lost."""

    ask: Ask
    answer: Answer | None

    @property
    def path(self) -> str:
        """Where, inside the API."""
        return self.ask.path.removeprefix(API)

    @property
    def may_have_been_done(self) -> bool:
        """Whether the answer leaves that open, or says so."""
        return self.answer is None or self.answer.status < 300 or self.answer.status == 503


@dataclass(frozen=True)
class Claim:
    """A place that somebody asked for and may have got."""

    entry: Entry
    doctor: str
    date: str
    minute: int
    patient: str

    def overlaps(self, other: "Claim") -> bool:
        """Whether the two could have been in each other's way, as far as day and time go."""
        return self.date == other.date and abs(self.minute - other.minute) < LONGEST_SLOT


@dataclass
class History:
    """Everything that was asked and answered, in the order of the answers."""

    entries: list[Entry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, ask: Ask, answer: Answer | None) -> None:
        """Write down one."""
        with self._lock:
            self.entries.append(Entry(ask, answer))

    def problems(self, engine: sa.Engine) -> list[str]:
        """What does not fit the database or each other, in words."""
        with engine.connect() as connection:
            return [*self._not_there(connection), *self._without_reason(connection)]

    def _not_there(self, connection: sa.Connection) -> Iterator[str]:
        for entry in self.entries:
            if entry.answer is None or entry.answer.status not in {200, 201}:
                continue
            where, key = _promised(entry)
            if where and not connection.execute(sa.text(where), {"id": key}).first():
                yield f"{entry.ask.method} {entry.path}: {entry.answer.status}, and it is not there"

    def _without_reason(self, connection: sa.Connection) -> Iterator[str]:
        reasons = _Reasons(self.entries, connection)
        for entry in self.entries:
            if entry.answer is None or entry.answer.status < 400:
                continue
            code, waits = entry.answer.outcome, "retry-after" in entry.answer.headers
            if code not in KNOWN or (code == Wrong.BUSY and not waits):
                yield f"{entry.ask.method} {entry.path}: {entry.answer.status} {code} says nothing to go by"
            elif not reasons.explain(entry, code):
                yield f"{entry.ask.method} {entry.path} {entry.ask.body}: {code} without a reason"


def _promised(entry: Entry) -> tuple[str, str]:
    """Return how to find what an answer has promised, and its id; nothing where it promises nothing that lasts."""
    assert entry.answer is not None
    if entry.answer.status == 201:
        (where,) = [question for end, question in KEPT.items() if entry.path.endswith(end)]
        return (where, _id(entry.answer.body)) if where else ("", "")
    for known, question in FINAL.items():
        method, _, part = known.partition(" ")
        if entry.ask.method == method and part in entry.path and "/doctors/" not in entry.path:
            return question, entry.path.strip("/").split("/")[1]
    return "", ""


def _id(body: dict[str, Any]) -> str:
    """Return the id of what was made; an answer that also tells what it led to has it one step further in."""
    return str(body["id"] if "id" in body else next(one["id"] for one in body.values() if isinstance(one, dict)))


class _Reasons:
    """What may explain a refusal: everything that somebody else was, or may have been, allowed to do."""

    def __init__(self, entries: list[Entry], connection: sa.Connection) -> None:
        self.done = [entry for entry in entries if entry.may_have_been_done]
        rows = connection.execute(sa.text("SELECT id, patient_id FROM appointments")).all()
        self.patient_of = {str(row.id): str(row.patient_id) for row in rows}
        counted = sa.text("SELECT patient_id FROM no_show_logs GROUP BY 1 HAVING count(*) >= 3")
        self.missed_thrice = {str(key) for key in connection.scalars(counted)}
        self.claims = [claim for entry in self.done for claim in self.of(entry)]
        self.explained: dict[str, Callable[[Claim], bool]] = {
            Code.SLOT_TAKEN: lambda me: any(one.doctor == me.doctor and one.overlaps(me) for one in self.others(me)),
            Code.PATIENT_DOUBLE_BOOKED: lambda me: any(
                one.patient == me.patient and one.overlaps(me) for one in self.others(me)
            ),
            Code.PATIENT_BLOCKED: lambda me: me.patient in self.missed_thrice,
            Code.DOCTOR_FULLY_BOOKED: lambda me: (
                sum(one.doctor == me.doctor and one.date == me.date for one in self.others(me)) >= LOWEST_MAXIMUM
            ),
            Code.HOSPITAL_HOLIDAY: lambda me: self.was_done("POST", "/holidays", date=me.date),
            Code.DOCTOR_ABSENT: lambda me: self.was_done("POST", f"/doctors/{me.doctor}/absences", startDate=me.date),
            Code.DOCTOR_UNAVAILABLE: lambda me: self.was_done("PATCH", f"/doctors/{me.doctor}", isAvailable=False),
            Code.SLOT_HELD: lambda _me: any(one.path.endswith("/hold") for one in self.done),
            Code.SLOT_BLOCKED: lambda me: (
                any(one.path.endswith("/block") for one in self.done)
                or self.was_done("POST", f"/doctors/{me.doctor}/absences")
            ),
        }

    def of(self, entry: Entry) -> Iterator[Claim]:
        """The places that a request asks for; the steps of a plan are several."""
        body: dict[str, Any] = dict(entry.ask.body or {})
        key = entry.path.strip("/").split("/")[-1]
        for step in body.get("steps", [body]):
            if {"doctorId", "date", "time"} <= step.keys():
                hour, minute = map(int, step["time"].split(":"))
                patient = step.get("patientId") or self.patient_of.get(step.get("appointmentId", key), "")
                yield Claim(entry, step["doctorId"], step["date"], 60 * hour + minute, patient)

    def others(self, me: Claim) -> Iterator[Claim]:
        """What anybody else asked for."""
        return (claim for claim in self.claims if claim.entry is not me.entry)

    def was_done(self, method: str, path: str, **wanted: object) -> bool:
        """Whether somebody may have done something with these words."""
        return any(
            entry.ask.method == method
            and entry.path == path
            and all((entry.ask.body or {}).get(name) == value for name, value in wanted.items())
            for entry in self.done
        )

    def explain(self, entry: Entry, code: str) -> bool:
        """Whether a refusal has a reason; those of a plan, and what a status or a version explains, are not asked."""
        ask = self.explained.get(code)
        claims = list(self.of(entry))
        return ask is None or len(claims) != 1 or "/affected/" in entry.path or ask(claims[0])
