"""A consultation from its start to its end."""

from collections.abc import Callable
from datetime import time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.consultations import ConsultationStatus as C
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.visits import AppointmentStatus as S
from hms_web.models import AuditEvent, Consultation, StageAlert, new_id
from hms_web.services import appointments, consultation_records, consultations, visits
from hms_web.services.consultations import ConsultationChange
from tests import invariants
from tests.scenes import NOW, Clinic
from tests.visit_scenes import acting, arrived, seen

LATER = NOW + timedelta(minutes=20)
FULL = ConsultationChange(chief_complaint="Cough for two weeks", diagnosis=["J20.9 Acute bronchitis"])


def refusal(work: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as found:
        work()
    return found.value


def code(work: Callable[[], object]) -> Code:
    return refusal(work).refusal.code


def sound(here: Clinic) -> None:
    here.session.commit()
    invariants.check(here.session.connection())


def test_starting_takes_the_appointment_along(here: Clinic) -> None:
    doctor = here.doctor()
    view = seen(here, doctor)
    assert (view.status, view.doctor_id, view.diagnosis, view.version) == (C.STARTED, doctor, (), 1)
    assert view.doctor_name.startswith("Dr.")
    appointment = appointments.get(here.session, here.actor, view.appointment_id)
    assert (appointment.status, appointment.consultation_id, appointment.version) == (S.IN_PROGRESS, view.id, 3)
    sound(here)


def test_who_may_start_and_what(here: Clinic, elsewhere: Clinic) -> None:
    doctor, colleague = here.doctor(), here.doctor()
    me = acting(here, doctor)
    start = consultations.start
    expected = here.book(doctor, here.patient(), time(9)).id
    assert code(lambda: start(here.session, me, uuid4(), now=NOW)) is Code.APPOINTMENT_NOT_FOUND
    other = acting(elsewhere, elsewhere.doctor())
    assert code(lambda: start(here.session, other, expected, now=NOW)) is Code.APPOINTMENT_NOT_FOUND
    early = refusal(lambda: start(here.session, me, expected, now=NOW)).refusal
    assert (early.code, early.facts) == (Code.INVALID_TRANSITION, {"from": S.SCHEDULED, "to": S.IN_PROGRESS})
    key = arrived(here, doctor)
    assert code(lambda: start(here.session, acting(here, colleague), key, now=NOW)) is Code.FORBIDDEN
    assert code(lambda: start(here.session, here.admin, key, now=NOW)) is Code.FORBIDDEN
    start(here.session, me, key, now=NOW)
    assert code(lambda: start(here.session, me, key, now=NOW)) is Code.INVALID_TRANSITION
    assert here.count(Consultation) == 1


def test_a_start_ends_the_alerts_about_waiting(here: Clinic) -> None:
    doctor = here.doctor()
    key = arrived(here, doctor)
    row = here.row(key)
    about = {"appointment_id": key, "patient_id": row.patient_id, "doctor_id": doctor, "hospital_id": row.hospital_id}
    words = {"alert_type": "NO_VITALS", "status": "ACKNOWLEDGED", "message": "Waits", "waiting_since": NOW}
    here.session.add(StageAlert(id=new_id(), created_at=NOW, **about, **words))
    here.session.commit()
    consultations.start(here.session, acting(here, doctor), key, now=NOW)
    assert here.count(StageAlert, status="RESOLVED") == 1


def test_the_first_change_puts_it_in_progress(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)

    def write(**words: object) -> consultations.ConsultationView:
        wanted = ConsultationChange(**words)  # type: ignore[arg-type]
        return consultations.change(here.session, me, view.id, wanted, now=LATER)

    assert (write().status, write(notes=None).status) == (C.STARTED, C.STARTED)
    changed = write(notes=" a\r\nb\rc ", diagnosis=["J20.9  Bronchitis", "", "J20.9 Bronchitis", "Asthma"])
    assert (changed.status, changed.version, changed.notes) == (C.IN_PROGRESS, 2, "a\nb\nc")
    assert changed.diagnosis == ("J20.9 Bronchitis", "Asthma")
    assert write(notes="a\nb\nc").version == 2
    emptied = write(notes="", diagnosis=[], prescription="Rest", chief_complaint="Cough")
    assert (emptied.notes, emptied.diagnosis, emptied.prescription) == (None, (), "Rest")
    last = consultation_records.last_change(here.session, here.actor, view.id)
    assert last == consultation_records.LastChange(me.name, LATER)


def test_the_trail_says_which_fields_and_never_what_they_say(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    assert consultation_records.last_change(here.session, me, view.id) is None
    wanted = ConsultationChange(chief_complaint="CANARY-1", diagnosis=["CANARY-2"], notes="CANARY-3")
    consultations.change(here.session, me, view.id, wanted, now=LATER)
    consultations.abandon(here.session, me, view.id, reason="CANARY-4", now=LATER)
    details = [str(event.details) for event in here.session.scalars(sa.select(AuditEvent))]
    assert "{'fields': ['chief_complaint', 'diagnosis', 'notes']}" in details
    assert not any("CANARY" in written for written in details)


def test_two_tabs_do_not_undo_each_other(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    change = consultations.change
    change(here.session, me, view.id, ConsultationChange(notes="first tab"), now=LATER, version=1)
    second = ConsultationChange(notes="second tab")
    assert code(lambda: change(here.session, me, view.id, second, now=LATER, version=1)) is Code.STALE_VERSION
    assert (
        code(lambda: change(here.session, me, view.id, second, now=LATER, seen={"notes": None})) is Code.STALE_VERSION
    )
    elsewhere_in_it = ConsultationChange(prescription="Rest")
    kept = change(here.session, me, view.id, elsewhere_in_it, now=LATER, seen={"notes": None, "prescription": None})
    assert (kept.notes, kept.prescription) == ("first tab", "Rest")


def test_what_is_too_long_is_refused_by_field(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    wanted = ConsultationChange("x" * 501, ["y" * 201], "\0", "z" * 5001)
    with pytest.raises(InvalidInput) as found:
        consultations.change(here.session, me, view.id, wanted, now=LATER)
    assert [field for field, _ in found.value.errors] == ["chiefComplaint", "notes", "prescription", "diagnosis"]
    assert here.count(Consultation, version=1) == 1


def test_completing_takes_the_appointment_along(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    lacking = refusal(lambda: consultations.complete(here.session, me, view.id, now=LATER)).refusal
    assert lacking.code is Code.CONSULTATION_INCOMPLETE
    assert [field for field, _ in lacking.facts["missing"]] == ["chiefComplaint", "diagnosis"]  # type: ignore[attr-defined]
    assert here.row(view.appointment_id).status == S.IN_PROGRESS
    consultations.change(here.session, me, view.id, FULL, now=LATER)
    done = consultations.complete(here.session, me, view.id, now=LATER)
    assert (done.status, done.completed_at) == (C.COMPLETED, LATER)
    appointment = appointments.get(here.session, here.actor, view.appointment_id)
    assert (appointment.status, appointment.consultation_id) == (S.COMPLETED, view.id)
    sound(here)


def test_abandoning_lets_the_patient_wait_again(here: Clinic) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    with pytest.raises(InvalidInput):
        consultations.abandon(here.session, me, view.id, reason="  ", now=LATER)
    with pytest.raises(InvalidInput):
        consultations.abandon(here.session, me, view.id, reason="x" * 501, now=LATER)
    left = consultations.abandon(here.session, me, view.id, reason=" Called to the ward\nat once ", now=LATER)
    assert (left.status, left.abandoned_at, left.abandon_reason) == (C.ABANDONED, LATER, "Called to the ward\nat once")
    appointment = appointments.get(here.session, here.actor, view.appointment_id)
    assert (appointment.status, appointment.checked_in_at, appointment.consultation_id) == (S.CHECKED_IN, NOW, None)
    again = consultations.start(here.session, me, view.appointment_id, now=LATER)
    assert again.id != view.id
    sound(here)
    undone = visits.set_status(here.session, here.actor, view.appointment_id, S.SCHEDULED, now=LATER)
    assert undone.facts == {"from": S.IN_PROGRESS, "to": S.SCHEDULED}  # type: ignore[union-attr]


@pytest.mark.parametrize("ended", ["complete", "abandon"])
def test_what_is_over_stays_as_it_is(here: Clinic, ended: str) -> None:
    doctor = here.doctor()
    view, me = seen(here, doctor), acting(here, doctor)
    consultations.change(here.session, me, view.id, FULL, now=LATER)
    acts: dict[str, Callable[[], object]] = {
        "complete": lambda: consultations.complete(here.session, me, view.id, now=LATER),
        "abandon": lambda: consultations.abandon(here.session, me, view.id, reason="Left", now=LATER),
        "change": lambda: consultations.change(here.session, me, view.id, FULL, now=LATER),
    }
    acts[ended]()
    for act in acts.values():
        over = refusal(act).refusal
        assert over.code is Code.INVALID_TRANSITION
        assert over.facts["consultation"] is True


def test_who_may_write_and_who_may_end(here: Clinic, elsewhere: Clinic) -> None:
    doctor, colleague = here.doctor(), here.doctor()
    view = seen(here, doctor)
    for who, wanted in (
        (acting(here, colleague), Code.FORBIDDEN),
        (here.admin, Code.FORBIDDEN),
        (acting(elsewhere, elsewhere.doctor()), Code.CONSULTATION_NOT_FOUND),
    ):
        acts: list[Callable[[], object]] = [
            lambda who=who: consultations.change(here.session, who, view.id, FULL, now=LATER),  # type: ignore[misc]
            lambda who=who: consultations.complete(here.session, who, view.id, now=LATER),  # type: ignore[misc]
            lambda who=who: consultations.abandon(here.session, who, view.id, reason="x", now=LATER),  # type: ignore[misc]
        ]
        assert [code(act) for act in acts] == [wanted] * 3
    me = acting(here, doctor)
    assert code(lambda: consultations.change(here.session, me, uuid4(), FULL, now=LATER)) is Code.CONSULTATION_NOT_FOUND


def test_earlier_visits_are_those_that_were_completed_here(here: Clinic) -> None:
    doctor = here.doctor()
    patient = here.patient()
    me = acting(here, doctor)

    def visit(at: time, *, complete: bool) -> UUID:
        key = here.book(doctor, patient, at).id
        visits.set_status(here.session, here.actor, key, S.CHECKED_IN, now=NOW)
        moment = NOW + timedelta(hours=at.hour)
        view = consultations.start(here.session, me, key, now=moment)
        if complete:
            consultations.change(here.session, me, view.id, FULL, now=moment)
            consultations.complete(here.session, me, view.id, now=moment)
        return view.id

    first, second = visit(time(9), complete=True), visit(time(10), complete=True)
    left = visit(time(10, 30), complete=False)
    consultations.abandon(here.session, me, left, reason="Called away", now=NOW + timedelta(hours=10))
    seen(here, doctor, time(11))
    present = consultations.get(here.session, me, visit(time(12), complete=False))
    found = consultation_records.earlier(here.session, me, present)
    assert [view.id for view in found] == [second, first]
    assert found[0].diagnosis == ("J20.9 Acute bronchitis",)
    assert consultation_records.earlier(here.session, me, found[1]) == []
