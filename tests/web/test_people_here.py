"""People who are in the house when their doctor's time goes: on the list, at the desk, in the plan, and seen today."""

import pytest

from hms_web.domain.absences import AbsenceType
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import absences, visits
from hms_web.services.absences import NewAbsence
from tests.scenes import MONDAY, NOW
from tests.services.affected_scenes import Ill, views
from tests.web.record_scenes import Desk


@pytest.fixture
def clinic(desk: Desk) -> Ill:
    """An emergency over somebody who is checked in; a colleague has time."""
    here = desk.clinic
    colleague = here.doctor()
    visits.set_status(here.session, here.actor, desk.booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    wanted = NewAbsence(AbsenceType.EMERGENCY, MONDAY, MONDAY)
    done = absences.create(here.session, here.admin, desk.doctor_id, wanted, now=NOW).absence
    assert done
    return Ill(here, desk.doctor_id, colleague, done.id, [desk.booked])


def test_they_are_named_wherever_somebody_looks(desk: Desk, clinic: Ill) -> None:
    reception = desk.reception()
    assert "1 patient who is here to see to" in reception.get("/front-desk").text
    panel = reception.get("/front-desk?affected=1")
    assert "Asha Sharma" in panel.text
    assert panel.all("a", href=f"/affected/plan?chosen={clinic.ids[0]}")
    listed = reception.get("/affected")
    assert "Emergency" in listed.text
    assert "Asha Sharma" in listed.text
    assert [badge.text for badge in listed.all("span", class_="badge") if badge.text == "here"]
    assert "here to be seen to" in reception.get(f"/appointments/{clinic.ids[0]}").text
    assert "here to be seen to" in reception.get(f"/front-desk?appointment={clinic.ids[0]}").text
    assert "to see to" in reception.get("/board").text
    mine = desk.doctor()
    assert "1 of your patients needs another time." in mine.get("/my-day").text
    assert "Asha Sharma" in mine.get("/affected").text


def test_a_colleague_today_is_proposed_and_they_stay_checked_in(desk: Desk, clinic: Ill) -> None:
    plan = desk.reception().get(f"/affected/plan?chosen={clinic.ids[0]}")
    words = [option.text for option in plan.all("option")]
    assert {"Leave on the list", "Keep: this doctor sees them all the same", "Send home: cancel for good"} <= set(words)
    assert "Who is here is told by you" in plan.text
    assert "soon: phone" not in plan.text
    done = plan.form("/affected/plans").send()
    assert done.h1 == "1 done"
    (now,) = views(desk.clinic, clinic.ids)
    assert (now.status, now.doctor_id, now.affected_cause) == (AppointmentStatus.CHECKED_IN, clinic.colleague, None)
    assert "Nobody needs attention" in desk.reception().get("/affected").text


def test_sent_home_and_kept(desk: Desk, clinic: Ill) -> None:
    other = desk.clinic.book(clinic.colleague, desk.clinic.patient(name="Ravi Kumar"), NOW.time().replace(9, 0))
    visits.set_status(desk.session, desk.clinic.actor, other.id, AppointmentStatus.CHECKED_IN, now=NOW)
    wanted = NewAbsence(AbsenceType.SICK_LEAVE, MONDAY, MONDAY)
    absences.create(desk.session, desk.clinic.admin, clinic.colleague, wanted, now=NOW)
    plan = desk.reception().get(f"/affected/plan?chosen={clinic.ids[0]}")
    assert "no free time today" in plan.text
    home = plan.form("/affected/plans").send(None, **{f"to-{clinic.ids[0]}": "CANCEL", "reason": "The doctor fell ill"})
    assert home.h1 == "1 done"
    (now,) = views(desk.clinic, clinic.ids)
    assert (now.status, now.cancel_reason) == (AppointmentStatus.CANCELLED, "The doctor fell ill")
    keep = desk.reception().get("/front-desk?affected=1").form(f"/front-desk/appointments/{other.id}/keep")
    assert "The patient is here: tell them." in keep.send().text
