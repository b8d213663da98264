"""What people do at once in a small clinic: each operation looks at what there is and makes a request of it, or none.

They look past the product, straight into the tables, so that most of what they ask for makes sense, and what they saw
may be gone when the request arrives. Chance decides with a seed; the order in which the servers answer stays theirs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import RowMapping

from hms_web.domain.absences import AbsenceType
from hms_web.domain.schedules import DayOfWeek
from tests.races.conftest import CRON_KEY
from tests.races.crowd import API, Answer, Ask

RECEPTION, COLLEAGUE, ADMIN, NURSE, FIRST_DOCTOR = range(5)
DESK = (RECEPTION, COLLEAGUE)
Row = RowMapping
Sender = Callable[[Ask], Answer | None]

_APPOINTMENTS = "SELECT id, doctor_id, version FROM appointments WHERE status = ANY(:statuses) ORDER BY id"
_TODAY = "SELECT id, doctor_id FROM appointments WHERE status = ANY(:statuses) AND date = :today ORDER BY id"
_SLOTS = "SELECT id, doctor_id, date, start_time FROM doctor_slots WHERE date = :day ORDER BY id"
_LEAVES = "SELECT id, doctor_id FROM doctor_absences WHERE status = 'ACTIVE' ORDER BY id"
_OPEN = """
    SELECT c.id, a.doctor_id FROM consultations c JOIN appointments a ON a.id = c.appointment_id
     WHERE c.status IN ('STARTED', 'IN_PROGRESS') ORDER BY c.id
"""


@dataclass
class Person:
    """One client: their chance, what they can see, and how they ask."""

    random: Random
    engine: sa.Engine
    send: Sender
    doctors: Sequence[UUID]
    patients: Sequence[UUID]
    days: Sequence[date]
    sent: int = 0

    def one(self, question: str, **values: object) -> Row | None:
        """Return one of the rows, if there is any."""
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(question), values).mappings().all()
        return self.random.choice(rows) if rows else None

    def appointment(self, *statuses: str) -> Row | None:
        """One of any day that is in one of these statuses."""
        return self.one(_APPOINTMENTS, statuses=list(statuses))

    def of_today(self, *statuses: str) -> Row | None:
        """One of today."""
        return self.one(_TODAY, statuses=list(statuses), today=self.days[0])

    def slot(self) -> Row | None:
        """One of the stored slots of the next days."""
        return self.one(_SLOTS, day=self.random.choice(self.days))

    def desk(self) -> int:
        """Somebody at the front desk."""
        return self.random.choice(DESK)

    def doctor_of(self, row: Row) -> int:
        """The doctor of an appointment, as somebody who asks."""
        return FIRST_DOCTOR + list(self.doctors).index(row["doctor_id"])

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, who: int = ADMIN) -> Answer | None:
        """Ask, and return the answer; None when the connection was lost."""
        return self.give(Ask(method, f"{API}{path}", body, who=who))

    def give(self, ask: Ask) -> Answer | None:
        """Send a request, and count it."""
        self.sent += 1
        return self.send(ask)


def book(me: Person) -> Answer | None:
    if (slot := me.slot()) is None:
        return None
    body = {"patientId": str(me.random.choice(me.patients)), **_place(slot)}
    return me.ask("POST", "/appointments", body, me.desk())


def _place(slot: Row) -> dict[str, str]:
    return {"doctorId": str(slot["doctor_id"]), "date": f"{slot['date']}", "time": f"{slot['start_time']:%H:%M}"}


def hold(me: Person) -> Answer | None:
    slot = me.slot()
    method = me.random.choice(["POST", "POST", "DELETE"])
    return me.ask(method, f"/slots/{slot['id']}/hold", {} if method == "POST" else None, me.desk()) if slot else None


def move(me: Person) -> Answer | None:
    row, slot = me.appointment("SCHEDULED", "CONFIRMED"), me.slot()
    if row is None or slot is None:
        return None
    version = {"version": row["version"]} if me.random.random() < 0.5 else {}
    return me.ask("PATCH", f"/appointments/{row['id']}", {**_place(slot), **version}, me.desk())


def cancel(me: Person) -> Answer | None:
    row = me.appointment("SCHEDULED", "CONFIRMED", "CHECKED_IN")
    return me.ask("DELETE", f"/appointments/{row['id']}", who=me.desk()) if row else None


def set_status(me: Person) -> Answer | None:
    """Confirm, check in, or undo that."""
    row = me.of_today("SCHEDULED", "CONFIRMED", "CHECKED_IN")
    status = me.random.choice(["CONFIRMED", "CHECKED_IN", "CHECKED_IN", "CHECKED_IN", "SCHEDULED"])
    return me.ask("PATCH", f"/appointments/{row['id']}/status", {"status": status}, me.desk()) if row else None


def vitals(me: Person) -> Answer | None:
    row = me.of_today("CHECKED_IN")
    return me.ask("POST", f"/appointments/{row['id']}/vitals", {"pulseBpm": 72}, NURSE) if row else None


def start(me: Person) -> Answer | None:
    row = me.of_today("CHECKED_IN")
    return me.ask("POST", "/consultations", {"appointmentId": str(row["id"])}, me.doctor_of(row)) if row else None


def complete(me: Person) -> Answer | None:
    if (row := me.one(_OPEN)) is None:
        return None
    who, path = me.doctor_of(row), f"/consultations/{row['id']}"
    me.ask("PATCH", path, {"chiefComplaint": "Cough", "diagnosis": ["J20.9"]}, who)
    return me.ask("POST", f"{path}/complete", {}, who)


def abandon(me: Person) -> Answer | None:
    row = me.one(_OPEN)
    return me.ask("POST", f"/consultations/{row['id']}/abandon", {"reason": "Left"}, me.doctor_of(row)) if row else None


def no_show(me: Person) -> Answer | None:
    row = me.of_today("SCHEDULED", "CONFIRMED")
    return me.ask("POST", f"/no-show/{row['id']}", {"reason": "MANUAL_STAFF"}, me.desk()) if row else None


def revert(me: Person) -> Answer | None:
    row = me.of_today("NO_SHOW")
    return me.ask("POST", f"/no-show/{row['id']}/revert", {"note": "Was here"}) if row else None


def unblock(me: Person) -> Answer | None:
    row = me.one("SELECT id FROM patients WHERE status = 'BLOCKED' ORDER BY id")
    return me.ask("POST", f"/patients/{row['id']}/unblock", {"reason": "Talked to"}) if row else None


def block(me: Person) -> Answer | None:
    slot, blocked = me.slot(), me.random.random() < 0.4
    return me.ask("PATCH", f"/slots/{slot['id']}/block", {"blocked": blocked}) if slot else None


def leave(me: Person) -> Answer | None:
    day, is_whole = f"{me.random.choice(me.days)}", me.random.random() < 0.5
    kind = me.random.choice([AbsenceType.SICK_LEAVE, AbsenceType.OTHER, AbsenceType.EMERGENCY])
    body: dict[str, Any] = {"absenceType": kind, "startDate": day, "endDate": day, "isFullDay": is_whole}
    if not is_whole:
        body |= {"startTime": "09:10", "endTime": "11:00"}
    return me.ask("POST", f"/doctors/{me.random.choice(me.doctors)}/absences", body)


def come_back(me: Person) -> Answer | None:
    row = me.one(_LEAVES)
    return me.ask("DELETE", f"/doctors/{row['doctor_id']}/absences/{row['id']}") if row else None


def close_for_a_day(me: Person) -> Answer | None:
    return me.ask("POST", "/holidays", {"name": "Holi", "date": f"{me.random.choice(me.days[-2:])}"})


def open_again(me: Person) -> Answer | None:
    row = me.one("SELECT id FROM hospital_holidays ORDER BY id")
    return me.ask("DELETE", f"/holidays/{row['id']}") if row else None


def regenerate(me: Person) -> Answer | None:
    return me.ask("POST", f"/slots/regenerate/{me.random.choice(me.doctors)}", {})


def change_hours(me: Person) -> Answer | None:
    begin, end = me.random.choice(["08:00", "08:30"]), me.random.choice(["12:00", "14:00"])
    week = [{"dayOfWeek": day, "startTime": begin, "endTime": end} for day in DayOfWeek]
    return me.ask("PUT", f"/doctors/{me.random.choice(me.doctors)}/schedules", {"schedules": week})


def change_doctor(me: Person) -> Answer | None:
    body = {"slotDuration": me.random.choice([15, 20, 30]), "maxPatientsPerDay": me.random.choice([6, 8, 10])}
    return me.ask("PATCH", f"/doctors/{me.random.choice(me.doctors)}", body)


def switch_off(me: Person) -> Answer | None:
    return me.ask("PATCH", f"/doctors/{me.random.choice(me.doctors)}", {"isAvailable": False})


def switch_on(me: Person) -> Answer | None:
    row = me.one("SELECT id FROM doctors WHERE NOT is_available ORDER BY id")
    return me.ask("PATCH", f"/doctors/{row['id']}", {"isAvailable": True}) if row else None


def plan(me: Person) -> Answer | None:
    """See to everybody who needs attention, as a plan proposes it."""
    with me.engine.connect() as connection:
        question = sa.text("SELECT id FROM appointments WHERE affected_cause IS NOT NULL ORDER BY id LIMIT 8")
        wanted = [str(key) for key in connection.scalars(question)]
    proposed = me.ask("POST", "/affected/plan", {"appointmentIds": wanted}, me.desk()) if wanted else None
    if proposed is None or proposed.status != 200:
        return proposed
    steps = [_step(move, me.random) for move in proposed.body["moves"]]
    return me.ask("POST", "/affected/plans", {"steps": steps}, me.desk()) if steps else None


def _step(move: Mapping[str, Any], random: Random) -> dict[str, Any]:
    wanted, place = move["appointment"], move["place"]
    step = {"appointmentId": wanted["id"], "version": wanted["version"]}
    if place is None or random.random() < 0.3:
        return step | {"action": random.choice(["KEEP", "CANCEL"])}
    where = {"doctorId": place["doctor"]["id"], "date": place["date"], "time": place["startTime"]}
    return step | {"action": "MOVE"} | where


def take_back(me: Person) -> Answer | None:
    row = me.one("SELECT id FROM affected_batches ORDER BY id")
    return me.ask("POST", f"/affected/plans/{row['id']}/undo", {}, me.desk()) if row else None


def trigger(me: Person) -> Answer | None:
    return me.ask("POST", "/no-show/trigger", None)


def trigger_from_outside(me: Person) -> Answer | None:
    return me.give(Ask("POST", f"{API}/no-show/external-trigger", headers={"x-cron-api-key": CRON_KEY}))


def take_on(me: Person) -> Answer | None:
    row = me.one("SELECT id FROM stage_alerts WHERE status = 'ACTIVE' ORDER BY id")
    return me.ask("PUT", f"/no-show/alerts/{row['id']}/acknowledge", {}, NURSE) if row else None


# What is done, and how often among the others: what closes is rarer than what opens, or soon nothing could be booked.
OPERATIONS: dict[Callable[[Person], Answer | None], int] = {
    book: 30,
    hold: 5,
    move: 10,
    cancel: 4,
    set_status: 18,
    vitals: 8,
    start: 8,
    complete: 5,
    abandon: 2,
    no_show: 3,
    revert: 4,
    unblock: 6,
    block: 3,
    leave: 2,
    come_back: 8,
    close_for_a_day: 1,
    open_again: 5,
    regenerate: 2,
    change_hours: 1,
    change_doctor: 2,
    switch_off: 1,
    switch_on: 12,
    plan: 4,
    take_back: 2,
    trigger: 3,
    trigger_from_outside: 2,
    take_on: 3,
}
