"""Lives the visits of a demo's season through the use cases of the pages, for comparison."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.alerts import AlertStatus
from hms_web.domain.delivery import Outcome
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.refusals import Refusal
from hms_web.domain.replay import ticks
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import (
    alert_board,
    booking,
    cancelling,
    consultations,
    delivery,
    no_show,
    no_show_sweep,
    stage_alerts,
    to_phone,
    visits,
    vitals,
)
from hms_web.services.booking import BookingRequest
from hms_web.services.consultations import ConsultationChange
from hms_web.services.delivery import Outgoing
from hms_web.services.demo_house import House
from hms_web.services.demo_season import beginnings, history
from hms_web.services.demo_season.deeds import Course, Deed, Kind


def nobody(_message: Outgoing) -> Outcome:
    raise AssertionError


class Life:
    """Lives visits through the use cases of the pages."""

    def __init__(self, session: Session, house: House) -> None:
        self.session, self.house = session, house
        self.ids: dict[int, UUID] = {}
        self.seen: dict[int, UUID] = {}

    def live(self, courses: Sequence[Course]) -> None:
        """Do everything at its time: the sweep and the scan of a minute before anything else in it."""
        todo: list[tuple[datetime, int, int, Callable[[datetime], object]]] = []
        for place, course in enumerate(courses):
            todo += [(deed.at, deed.kind, place, self.doing(place, course, deed)) for deed in course.deeds]
            came = [deed.at for deed in course.deeds if deed.kind in {Kind.CHECK_IN, Kind.REVERT}]
            for tick in ticks(came[0], course.deeds[-1].at) if came else ():
                todo.append((tick, Kind.SWEEP, len(courses), self.scan))
                todo.append((tick + history.TAKEN_ON_AFTER, Kind.SWEEP, len(courses), self.take_on))
            todo.append(
                (course.deeds[-1].at + beginnings.PHONED_AFTER, Kind.COMPLETE, place, self.phoning(place, course))
            )
        for at, _, _, work in sorted(todo, key=lambda one: one[:3]):
            work(at)
            self.deliver(at)

    def doing(self, place: int, course: Course, deed: Deed) -> Callable[[datetime], object]:
        def work(at: datetime) -> None:
            result = getattr(self, deed.kind.name.lower())(place, course, deed, at)
            assert not isinstance(result, Refusal), (deed, result)

        return work

    def phoning(self, place: int, course: Course) -> Callable[[datetime], object]:
        """Phone, which is nothing where nothing has to be told."""
        return lambda at: to_phone.phoned(self.session, self.house.desks[course.desk], self.ids[place], now=at)

    def deliver(self, at: datetime) -> None:
        for claimed in delivery.claim(self.session, now=at):
            delivery.deliver(self.session, claimed, nobody, secret="", luck=0.5, now=at)

    def scan(self, at: datetime) -> None:
        stage_alerts.scan(self.session, self.house.system, now=at)

    def take_on(self, at: datetime) -> None:
        for alert in alert_board.live(self.session, self.house.nurse, now=at):
            is_due = alert.created_at == at - history.TAKEN_ON_AFTER and alert.status is AlertStatus.ACTIVE
            if is_due and alert.token_number % 2 == 0:
                alert_board.acknowledge(self.session, self.house.nurse, alert.id, now=at)

    def book(self, place: int, course: Course, deed: Deed, at: datetime) -> object:
        request = BookingRequest(
            self.house.patient_ids[course.patient],
            self.house.doctors[course.doctor].id,
            course.slot.day,
            course.slot.start,
            beginnings.type_of(course),
            beginnings.reason_of(course),
        )
        booked = booking.book(self.session, self.house.desks[course.desk], request, now=at)
        assert not isinstance(booked, Refusal), (course, deed, booked)
        self.ids[place] = booked.id
        return booked

    def status(self, place: int, course: Course, status: AppointmentStatus, at: datetime) -> object:
        return visits.set_status(self.session, self.house.desks[course.desk], self.ids[place], status, now=at)

    def confirm(self, place: int, course: Course, _: Deed, at: datetime) -> object:
        return self.status(place, course, AppointmentStatus.CONFIRMED, at)

    def check_in(self, place: int, course: Course, _: Deed, at: datetime) -> object:
        return self.status(place, course, AppointmentStatus.CHECKED_IN, at)

    def cancel(self, place: int, course: Course, deed: Deed, at: datetime) -> object:
        desk = self.house.desks[course.desk]
        return cancelling.cancel(self.session, desk, self.ids[place], reason=deed.words, now=at)

    def sweep(self, _place: int, _course: Course, _: Deed, at: datetime) -> object:
        return no_show_sweep.sweep(self.session, self.house.system, now=at)

    def mark(self, place: int, course: Course, deed: Deed, reason: NoShowReason, at: datetime) -> object:
        desk = self.house.desks[course.desk]
        return no_show.mark(self.session, desk, self.ids[place], reason=reason, notes=deed.words, now=at)

    def call_off(self, place: int, course: Course, deed: Deed, at: datetime) -> object:
        return self.mark(place, course, deed, NoShowReason.PATIENT_CALLED, at)

    def miss(self, place: int, course: Course, deed: Deed, at: datetime) -> object:
        return self.mark(place, course, deed, NoShowReason.MANUAL_STAFF, at)

    def revert(self, place: int, course: Course, deed: Deed, at: datetime) -> object:
        assert deed.words is not None
        desk = self.house.desks[course.desk]
        return no_show.revert(self.session, desk, self.ids[place], note=deed.words, now=at)

    def vitals(self, place: int, course: Course, _: Deed, at: datetime) -> object:
        return vitals.record(self.session, self.house.nurse, self.ids[place], course.readings, now=at)

    def start(self, place: int, course: Course, _: Deed, at: datetime) -> None:
        doctor = self.house.doctor_actors[course.doctor]
        self.seen[place] = consultations.start(self.session, doctor, self.ids[place], now=at).id

    def write(self, place: int, course: Course, _: Deed, at: datetime) -> None:
        wanted = ConsultationChange(**beginnings.findings(course.complaint))
        consultations.change(self.session, self.house.doctor_actors[course.doctor], self.seen[place], wanted, now=at)

    def complete(self, place: int, course: Course, _: Deed, at: datetime) -> None:
        consultations.complete(self.session, self.house.doctor_actors[course.doctor], self.seen[place], now=at)
