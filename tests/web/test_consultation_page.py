"""A doctor's day and the consultation, without JavaScript and as its scripts ask for it."""

from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hms_web.domain.consultations import ParticipantRole
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import Readings
from hms_web.models import Appointment, Consultation
from hms_web.services import consultation_team, consultations, visits, vitals
from hms_web.services.consultation_records import ConsultationView
from hms_web.services.consultations import ConsultationChange
from tests.scenes import NOW
from tests.visit_scenes import acting, arrived, seen
from tests.web.pages import Browser, Page, text
from tests.web.record_scenes import Desk

HX = {"HX-Request": "true", "HX-Target": "save-state"}


@pytest.fixture
def view(desk: Desk) -> ConsultationView:
    """Maria, who is with the doctor."""
    return seen(desk.clinic, desk.doctor_id, time(11), name="Maria Silva")


@pytest.fixture
def doctor(desk: Desk, view: ConsultationView) -> Browser:
    """The doctor's browser."""
    return desk.doctor()


def opened(browser: Browser, view: ConsultationView) -> Page:
    return browser.get(f"/consultations/{view.id}")


def press(page: Page, path: str, headers: dict[str, str] | None = None, **values: str) -> Page:
    """Send the form to where one of its buttons says."""
    form = page.form(id="consultation")
    url = page.url.partition("?")[0]
    return page.browser.post(url + path, form.values | values, headers=headers)


def stored(desk: Desk, view: ConsultationView) -> Consultation:
    desk.session.expire_all()
    row = desk.session.get_one(Consultation, view.id)
    desk.session.commit()
    return row


def test_from_my_day_to_the_end_of_the_visit(desk: Desk) -> None:
    me = desk.doctor()
    assert "Next, not here yet" in me.get("/my-day").text
    visits.set_status(desk.session, desk.clinic.actor, desk.booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    vitals.record(desk.session, desk.clinic.actor, desk.booked.id, Readings(pulse_bpm=71, spo2_percent=97), now=NOW)
    day = me.get("/my-day")
    assert "Next, ready for you Asha Sharma" in day.text
    assert "71/min 97 % O₂" in day.text
    page = day.form("/consultations").send(appointment=str(desk.booked.id))
    assert page.h1 == "Asha Sharma"
    assert "Pulse 71 per min" in page.text
    saved = page.form(id="consultation").send(chief_complaint="Cough", diagnosis="J20.9 Bronchitis\r\nAsthma\r\n")
    assert "Saved." in saved.text
    done = press(saved, "/complete", notes="Wheezing")
    assert done.url == "/my-day"
    assert "The visit of Asha Sharma is completed." in done.text
    over = me.get(page.url)
    assert "This visit is over: what was written can be read, and no longer changed." in over.text
    assert [area.attrib.get("readonly") for area in over.all("textarea")] == [""] * 4
    assert "Wheezing" in over.html
    row = desk.session.scalars(sa.select(Consultation)).one()
    assert (row.diagnosis, row.notes) == (["J20.9 Bronchitis", "Asthma"], "Wheezing")


def test_starting_what_has_begun_goes_on_with_it(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    form = {"appointment": str(view.appointment_id), "csrf_token": doctor.csrf_token("/my-day")}
    assert doctor.post("/consultations", form).url == f"/consultations/{view.id}"
    expected = form | {"appointment": str(desk.booked.id)}
    refused = doctor.post("/consultations", expected)
    assert refused.status == 403 if desk.booked.doctor_id != desk.doctor_id else 409
    assert doctor.post("/consultations", form | {"appointment": "nonsense"}).status == 404


def test_what_is_missing_is_said_and_what_was_typed_is_saved(
    desk: Desk, doctor: Browser, view: ConsultationView
) -> None:
    page = press(opened(doctor, view), "/complete", notes="Wheezing")
    assert page.status == 422
    assert "Write down the chief complaint." in page.text
    assert "Write down at least one diagnosis." in page.text
    assert stored(desk, view).notes == "Wheezing"
    fragment = press(opened(doctor, view), "/complete", HX, notes="Wheezing")
    assert fragment.status == 422
    assert {link.attrib["href"] for link in fragment.all("a")} == {"#chief_complaint", "#diagnosis"}


def test_saving_while_typing_says_when(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    state = press(opened(doctor, view), "", HX, notes="Wheezing")
    assert (state.status, state.text) == (200, "Saved 08:00")
    assert stored(desk, view).notes == "Wheezing"
    assert {item.attrib["name"]: item.attrib["value"] for item in state.all("input")}["seen-notes"] == "Wheezing"


def change(desk: Desk, view: ConsultationView, **words: Any) -> None:
    who = acting(desk.clinic, view.doctor_id)
    consultations.change(desk.session, who, view.id, ConsultationChange(**words), now=NOW + timedelta(minutes=9))


def test_two_tabs_never_overwrite_each_other_in_silence(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = opened(doctor, view)
    change(desk, view, notes="from the other tab")
    conflict = press(page, "", HX, notes="from this tab", prescription="Rest")
    assert conflict.status == 409
    assert "Not saved: what you typed stays here." in conflict.text
    assert "Dr. 001 has changed the same at 08:09." in conflict.text
    assert "Notes from the other tab" in conflict.text
    assert stored(desk, view).notes == "from the other tab"
    whole = press(page, "", notes="from this tab", prescription="Rest")
    assert whole.status == 409
    assert {area.attrib["name"]: area.text for area in whole.all("textarea")}["notes"] == "from this tab"
    (button,) = whole.all("button", name="overwrite")
    kept = press(whole, "", HX, overwrite=button.attrib["value"])
    assert kept.status == 200
    assert (stored(desk, view).notes, stored(desk, view).prescription) == ("from this tab", "Rest")


def test_overwriting_is_for_what_was_shown(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = opened(doctor, view)
    change(desk, view, notes="second")
    button = press(page, "", HX, notes="mine").all("button", name="overwrite")[0]
    change(desk, view, notes="third")
    again = press(page, "", HX, notes="mine", overwrite=button.attrib["value"])
    assert again.status == 409
    assert "third" in again.text


def test_another_field_is_no_conflict_and_is_told(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = opened(doctor, view)
    change(desk, view, prescription="Rest", diagnosis=["Asthma"])
    state = press(page, "", HX, notes="Wheezing")
    assert state.status == 200
    assert "has changed something else" in state.text
    assert "Diagnoses Asthma Prescription Rest" in state.text
    assert stored(desk, view).prescription == "Rest"


def test_what_is_too_long_stays_in_the_form(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = press(opened(doctor, view), "", chief_complaint="x" * 501)
    assert page.status == 422
    assert "Use at most 500 characters." in page.text
    assert "x" * 501 in page.html
    assert press(opened(doctor, view), "", HX, chief_complaint="x" * 501).status == 422
    assert stored(desk, view).chief_complaint is None


def test_breaking_it_off(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    why = press(opened(doctor, view), "/abandon", notes="Wheezing")
    assert why.status == 422
    assert "Say why, so that others know." in why.text
    left = press(opened(doctor, view), "/abandon", abandon_reason="Called to the ward")
    assert left.url == "/my-day"
    assert "Maria Silva waits again." in left.text
    page = opened(doctor, view)
    assert "Broken off: Called to the ward" in page.text
    assert "Wheezing" in page.html
    assert desk.clinic.row(view.appointment_id).status == "CHECKED_IN"
    again = doctor.post("/consultations", {**page.form(id="consultation").values, "appointment": view.appointment_id})
    (before,) = again.all("details", class_="broken-off")
    assert "Broken off at 08:00: Called to the ward" in text(before)
    assert "Notes Wheezing" in text(before)
    assert again.follow("Open the consultation that was broken off").url == f"/consultations/{view.id}"
    assert "Nothing was written." not in again.text


def test_enter_in_a_field_of_one_line_saves_where_there_are_no_scripts(doctor: Browser, view: ConsultationView) -> None:
    """It presses the form's first button, which was once the one that completes the visit."""
    page = opened(doctor, view)
    buttons = page.all("button", type="submit", form="consultation")
    assert "formaction" not in buttons[0].attrib
    assert any("/complete" in one.attrib.get("formaction", "") for one in buttons)


def test_what_was_typed_into_one_that_is_over_is_not_lost(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = opened(doctor, view)
    who = acting(desk.clinic, view.doctor_id)
    consultations.abandon(desk.session, who, view.id, reason="Left", now=NOW)
    late = press(page, "", HX, notes="Wheezing")
    assert late.status == 409
    assert "what you typed stays here" in late.text
    assert "can no longer be changed" in late.text
    assert press(page, "/complete", notes="Wheezing").status == 409


def test_asking_a_colleague(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    other = desk.clinic.doctor()
    nobody = press(opened(doctor, view), "/participants", notes="Wheezing")
    assert (nobody.status, "Choose a doctor, and what for." in nobody.text) == (422, True)
    long = press(opened(doctor, view), "/participants", doctor=str(other), participant_note="x" * 501)
    assert long.status == 422
    asking = {"participant_note": "ECG?", "role": "SUPERVISING", "abandon_reason": "Called away"}
    kept = press(opened(doctor, view), "/participants", None, **asking).form(id="consultation").values
    assert {name: kept[name] for name in asking} == asking, "what was typed beside it stays, without scripts too"
    page = press(opened(doctor, view), "/participants", doctor=str(other), role="ASSISTING", participant_note="ECG?")
    assert "Dr. 004 has been asked." in page.text or "has been asked." in page.text
    assert "assisting" in page.text
    assert stored(desk, view).notes == "Wheezing"
    twice = press(opened(doctor, view), "/participants", doctor=str(other), role="ASSISTING")
    assert (twice.status, "takes part in this consultation already" in twice.text) == (409, True)
    (participant,) = consultations.get(desk.session, acting(desk.clinic, other), view.id).participants
    desk.session.commit()
    gone = press(opened(doctor, view), f"/participants/{participant.id}/remove")
    assert "assisting" not in gone.text.replace("Assisting: helps", "")
    assert press(opened(doctor, view), f"/participants/{participant.id}/remove").status == 404


def test_who_takes_part_writes_and_others_read(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    helper, stranger = desk.clinic.doctor(), desk.clinic.doctor()
    who = acting(desk.clinic, view.doctor_id)
    consultation_team.add(desk.session, who, view.id, helper, ParticipantRole.ASSISTING, now=NOW)
    reading = opened(desk.doctor(stranger), view)
    assert "You can read this." in reading.text
    assert not [button for button in reading.all("button") if "Save" in "".join(button.itertext())]
    helping = desk.doctor(helper)
    assert "Dr. 001 has asked you to take part." in helping.get("/my-day").text
    page = opened(helping, view)
    assert "Complete the visit" not in page.text
    assert "Saved." in page.form(id="consultation").send(notes="ECG is normal").text
    refused = press(page, "/complete", notes="ECG is normal")
    assert refused.status == 403


def test_earlier_visits_stand_beside_it(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    change(desk, view, chief_complaint="Cough", diagnosis=["J20.9 Bronchitis"])
    consultations.complete(desk.session, acting(desk.clinic, view.doctor_id), view.id, now=NOW)
    colleague = desk.clinic.doctor()
    again = arrived(desk.clinic, colleague)
    desk.session.execute(
        sa.update(Appointment).where(Appointment.id == again).values(patient_id=view.patient_id),
    )
    desk.session.commit()
    later = NOW + timedelta(hours=1)
    next_one = consultations.start(desk.session, acting(desk.clinic, colleague), again, now=later)
    page = opened(desk.doctor(colleague), next_one)
    assert "J20.9 Bronchitis" in page.text


def test_my_day_polls_and_says_what_is_affected(desk: Desk, doctor: Browser, view: ConsultationView) -> None:
    page = doctor.get("/my-day")
    address = page.all("div", id="my-day")[0].attrib["hx-get"]
    assert doctor.fragment(address).status == 204
    desk.session.execute(
        sa.update(Appointment).where(Appointment.id == desk.booked.id).values(affected_cause="HOLIDAY")
    )
    desk.session.commit()
    changed = doctor.fragment(address)
    assert "1 of your patients needs another time." in changed.text
    assert "to move" in changed.text


def test_an_empty_day_says_so(desk: Desk) -> None:
    assert "Nobody is booked with you today." in desk.doctor(desk.clinic.doctor()).get("/my-day").text


def test_another_hospitals_consultation_is_as_if_it_were_not_there(
    desk: Desk, view: ConsultationView, doctor: Browser
) -> None:
    from tests.scenes import clinic  # noqa: PLC0415 the second hospital of this test alone

    theirs = clinic(desk.session)
    other = Desk(theirs, desk.app, desk.session, theirs.doctor(), desk.patient_id, desk.booked)
    stranger = other.doctor()
    page = opened(doctor, view)
    token = {"csrf_token": stranger.csrf_token("/my-day")}
    assert stranger.get(f"/consultations/{view.id}").status == 404
    for path in ("", "/complete", "/abandon", "/participants", f"/participants/{view.id}/remove"):
        answer = stranger.post(page.url + path, token)
        assert answer.status == 404, path
        assert "Maria" not in answer.text
