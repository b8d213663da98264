"""Tells the season as history: each deed becomes the rows that its use case would have written at that instant.

The use cases are the measure: tests/services/test_demo_season.py lives the same visits through them and compares every
row (decision 0076). Nothing here asks the database; `loading` writes what was told.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hms_web.domain.alerts import MESSAGES, AlertStatus, Visit, wait_of
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import BLOCKED_REASON, NoShowReason, blocks, releases_slot, reverted_to, told_as
from hms_web.domain.patients import PatientStatus
from hms_web.domain.replay import TICK, ticks
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import new_id
from hms_web.services.demo_season import beginnings
from hms_web.services.demo_season.deeds import Course, Deed, Kind
from hms_web.services.demo_season.rows import Case, Cast, Row, Rows, Told

TAKEN_ON_AFTER = timedelta(minutes=4)
_INSTANT = timedelta(microseconds=1)
S = AppointmentStatus


def tell(cast: Cast, courses: Sequence[Course], told: Told, *, now: datetime, phoned_before: datetime) -> Rows:
    """Return the rows of everything that was done, up to `now`.

    Whoever could not be told of something before `phoned_before` was phoned.
    """
    teller = _Teller(cast, told, phoned_before)
    deeds = sorted(
        ((deed, place) for place, course in enumerate(courses) for deed in course.deeds),
        key=lambda pair: (pair[0].at, pair[0].kind, pair[1]),
    )
    cases: dict[int, Case] = {}
    for deed, place in deeds:
        if deed.kind is Kind.BOOK:
            cases[place] = teller.book(courses[place], deed)
        else:
            teller.do(cases[place], deed)
    for case in cases.values():
        teller.alarm(case, now)
    return teller.rows


class _Teller:
    """Knows how each deed is written down."""

    def __init__(self, cast: Cast, told: Told, phoned_before: datetime) -> None:
        self.cast, self.told, self.phoned_before = cast, told, phoned_before
        self.rows = Rows()
        self.deeds = {
            Kind.SWEEP: self._sweep,
            Kind.CONFIRM: self._confirm,
            Kind.CANCEL: self._cancel,
            Kind.CALL_OFF: self._call_off,
            Kind.MISS: self._miss,
            Kind.CHECK_IN: self._check_in,
            Kind.REVERT: self._revert,
            Kind.VITALS: self._vitals,
            Kind.START: self._start,
            Kind.WRITE: self._write,
            Kind.COMPLETE: self._complete,
        }

    def book(self, course: Course, deed: Deed) -> Case:
        """Tell of a booking."""
        doctor, desk = self.cast.doctors[course.doctor], self.cast.desks[course.desk]
        key = course.doctor, course.slot.day
        self.rows.tokens[key] += 1
        row = beginnings.appointment(self.cast, course, deed.at, self.rows.tokens[key])
        self.rows.appointments.append(row)
        case = Case(course, row, doctor, desk)
        names = ("doctor_id", "patient_id", "starts_at", "token_number")
        self._event(desk, deed.at, "appointment.booked", "appointment", row["id"], {name: row[name] for name in names})
        self._tell(case, MessageEvent.BOOKED, deed.at)
        return case

    def do(self, case: Case, deed: Deed) -> None:
        """Tell of anything else, and of the alert that came before it."""
        self.alarm(case, deed.at)
        self.deeds[deed.kind](case, deed)

    def alarm(self, case: Case, until: datetime) -> None:
        """Tell of the alert that the scan of every five minutes has raised by then, and of who took it on."""
        row = case.row
        names = ("starts_at", "slot_minutes", "checked_in_at", "vitals_recorded_at")
        wait = wait_of(Visit(row["status"], *(row[name] for name in names)))
        if case.alert or wait is None:
            return
        tick = next(ticks(wait.too_long_at - _INSTANT, wait.too_long_at + TICK))
        if tick > until:
            return
        since = wait.since.astimezone(self.cast.system.zone)
        case.alert = beginnings.alert(row, wait, tick, MESSAGES[wait.alert_type].format(since=f"{since:%H:%M}"))
        self.rows.alerts.append(case.alert)
        self._event(self.cast.system, tick, "alert.raised", "alert", case.alert["id"], {})
        taken_on = tick + TAKEN_ON_AFTER
        if row["token_number"] % 2 == 0 and taken_on < until:
            nurse, after = self.cast.nurse, AlertStatus.ACKNOWLEDGED
            case.alert |= {"status": after, "acknowledged_by_id": nurse.user_id, "acknowledged_at": taken_on}
            details = {"status": {"from": AlertStatus.ACTIVE, "to": after}}
            self._event(nurse, taken_on, "alert.acknowledged", "alert", case.alert["id"], details)

    def _event(self, actor: Actor, at: datetime, action: str, kind: str, key: object, details: Row) -> None:
        self.rows.events.append(
            {
                "id": new_id(),
                "hospital_id": actor.hospital_id,
                "at": at,
                "actor_id": actor.user_id,
                "actor_name": actor.name,
                "action": action,
                "record_type": kind,
                "record_id": key,
                "details": details,
            }
        )

    def _tell(self, case: Case, event: MessageEvent, at: datetime) -> None:
        notice, case.told = beginnings.notice(case, event), []
        for row in self.told(notice, at):
            phoned = beginnings.settle(row, case.desk, at, self.phoned_before)
            self.rows.messages.append(row)
            case.told.append(row)
            if phoned is not None:
                about = {"appointment_id": notice.appointment_id}
                self._event(case.desk, phoned, "notification.phoned", "notification", row["id"], about)

    def _change(self, case: Case, actor: Actor, at: datetime, action: str, details: Row, **columns: object) -> None:
        """Tell of a change of an appointment: one event, one version."""
        case.row |= columns
        case.row["version"] += 1
        self._event(actor, at, f"appointment.{action}", "appointment", case.row["id"], details)

    def _move(
        self, case: Case, actor: Actor, at: datetime, action: str, status: S, also: Row, **columns: object
    ) -> None:
        details = {"status": {"from": case.row["status"], "to": status}} | also
        self._change(case, actor, at, action, details, status=status, **columns)

    def _move_on(self, case: Case, actor: Actor, at: datetime) -> None:
        """End the alert of a stage that is over."""
        if case.alert:
            case.alert |= {"status": AlertStatus.RESOLVED, "resolved_at": at}
            self._event(actor, at, "alert.resolved", "alert", case.alert["id"], {"moved_on": True})
            case.alert = {}

    def _confirm(self, case: Case, deed: Deed) -> None:
        self._move(case, case.desk, deed.at, "confirmed", S.CONFIRMED, {"note": None})

    def _check_in(self, case: Case, deed: Deed) -> None:
        self._move(case, case.desk, deed.at, "checked_in", S.CHECKED_IN, {"note": None}, checked_in_at=deed.at)

    def _cancel(self, case: Case, deed: Deed) -> None:
        columns = {"cancelled_at": deed.at, "cancel_reason": deed.words}
        self._move(case, case.desk, deed.at, "cancelled", S.CANCELLED, {"reason": deed.words}, **columns)
        self._tell(case, MessageEvent.CANCELLED, deed.at)
        self._move_on(case, case.desk, deed.at)

    def _sweep(self, case: Case, deed: Deed) -> None:
        self._missed(case, self.cast.system, NoShowReason.AUTO_TIMEOUT, deed)

    def _call_off(self, case: Case, deed: Deed) -> None:
        self._missed(case, case.desk, NoShowReason.PATIENT_CALLED, deed)

    def _miss(self, case: Case, deed: Deed) -> None:
        self._missed(case, case.desk, NoShowReason.MANUAL_STAFF, deed)

    def _missed(self, case: Case, actor: Actor, reason: NoShowReason, deed: Deed) -> None:
        is_released = releases_slot(case.row["starts_at"], deed.at)
        case.no_show = beginnings.no_show(case.row, actor, reason, deed, is_released=is_released)
        self.rows.no_shows.append(case.no_show)
        also: Row = {"reason": reason} | ({"note": deed.words} if deed.words else {})
        self._move(case, actor, deed.at, "no_show", S.NO_SHOW, also)
        person = self.rows.people[case.course.patient]
        person.missed += 1
        if blocks(person.missed, person.status):
            change = {"status": {"from": person.status, "to": PatientStatus.BLOCKED}}
            person.status, person.blocked_at = PatientStatus.BLOCKED, deed.at
            details = {"reason": BLOCKED_REASON, "changes": change}
            self._event(actor, deed.at, "patient.blocked", "patient", case.row["patient_id"], details)
        is_blocked = person.status is PatientStatus.BLOCKED
        self._tell(case, told_as(case.row["starts_at"], deed.at, is_blocked=is_blocked), deed.at)

    def _revert(self, case: Case, deed: Deed) -> None:
        case.no_show |= {"reverted_at": deed.at, "reverted_by_id": case.desk.user_id, "revert_note": deed.words}
        for row in case.told:
            beginnings.suppress(row)
        self.rows.people[case.course.patient].missed -= 1
        status = reverted_to(case.row["starts_at"], deed.at)
        also = {"note": deed.words}
        self._move(case, case.desk, deed.at, "no_show_reverted", status, also, checked_in_at=deed.at)

    def _vitals(self, case: Case, deed: Deed) -> None:
        nurse, taken = self.cast.nurse, case.course.readings
        self.rows.vitals.append(beginnings.vitals(case.row, nurse, taken, deed.at))
        details = {"readings": [reading.name for reading, _ in taken.taken()]}
        self._change(case, nurse, deed.at, "vitals_recorded", details, vitals_recorded_at=deed.at)
        self._move_on(case, nurse, deed.at)

    def _start(self, case: Case, deed: Deed) -> None:
        self._move(case, case.doctor, deed.at, "consultation_started", S.IN_PROGRESS, {})
        self._move_on(case, case.doctor, deed.at)
        case.consultation = beginnings.consultation(case.row, deed.at)
        self.rows.consultations.append(case.consultation)
        self._consulted(case, deed, "started", {"appointment_id": case.row["id"]})

    def _write(self, case: Case, deed: Deed) -> None:
        found = beginnings.findings(case.course.complaint)
        case.consultation |= found | {"status": beginnings.WRITTEN, "version": 2}
        self._consulted(case, deed, "changed", {"fields": sorted(found)})

    def _complete(self, case: Case, deed: Deed) -> None:
        case.consultation |= {"status": beginnings.DONE, "version": 3, "completed_at": deed.at}
        self._move(case, case.doctor, deed.at, "consultation_completed", S.COMPLETED, {})
        self._consulted(case, deed, "completed", {})

    def _consulted(self, case: Case, deed: Deed, action: str, details: Row) -> None:
        key = case.consultation["id"]
        self._event(case.doctor, deed.at, f"consultation.{action}", "consultation", key, details)
