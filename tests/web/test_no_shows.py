"""The pages of no-shows: noting one, taking it back, the list, its figures and export, and the list after an outage."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hms_web import clock
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.models import Appointment, NoShowLog, Patient
from hms_web.services import marking, no_show_sweep
from tests.scenes import MONDAY, NOW
from tests.web.pages import Browser
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in
from tests.web.test_access import somebody

NEXT_DAY = NOW + timedelta(days=1)


def status_of(desk: Desk, appointment_id: UUID) -> str:
    found = desk.clinic.row(appointment_id).status
    desk.session.rollback()
    return found


def note(browser: Browser, appointment_id: UUID, **fields: Any) -> str:
    return browser.get(f"/no-shows/{appointment_id}").form(f"/no-shows/{appointment_id}").send(**fields).text


def test_a_no_show_is_noted_and_taken_back_from_its_record(desk: Desk) -> None:
    browser = desk.reception()
    record = browser.get(f"/appointments/{desk.booked.id}")
    asked = record.follow("No-show")
    assert "Counts against the patient: 0 until now, 0 in all." in asked.text
    assert "The time can be booked again at once." in asked.text
    done = asked.form(f"/no-shows/{desk.booked.id}").send(reason="PATIENT_CALLED", notes="Fever")
    assert "Noted as a no-show: Asha Sharma." in done.text
    assert "Did not come: patient called" in done.text
    assert status_of(desk, desk.booked.id) == "NO_SHOW"
    patient = browser.get(f"/patients/{desk.patient_id}").text
    assert "1 counted, 1 in all" in patient
    assert "patient called Fever counts" in patient
    back = done.follow("Take the no-show back")
    assert "The patient is expected again at 10:00." in back.text
    undone = back.form("/revert").send(note="Feels better")
    assert "Taken back." in undone.text
    assert status_of(desk, desk.booked.id) == "SCHEDULED"
    assert "taken back" in browser.get(f"/patients/{desk.patient_id}").text


def test_who_cannot_take_it_back_is_told_so_before_and_offered_no_way_that_ends(desk: Desk) -> None:
    browser = desk.doctor()
    asked = browser.get(f"/no-shows/{desk.booked.id}")
    assert "Only the front desk or an administrator can take it back." in asked.text
    done = asked.form(f"/no-shows/{desk.booked.id}").send()
    assert "Take the no-show back" not in done.text
    seen = done.follow("See the no-show")
    assert "An administrator or the front desk can take this back when the patient comes." in seen.text


def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(desk: Desk) -> None:
    browser = desk.reception()
    form = browser.get(f"/no-shows/{desk.booked.id}").form(f"/no-shows/{desk.booked.id}")
    wrong = form.send(reason=None, notes="Kept")
    assert wrong.status == 422
    assert "Say how it was found out." in wrong.text
    assert 'value="Kept"' in wrong.html
    long = form.send(notes="x" * 501)
    assert (long.status, "at most 500" in long.text) == (422, True)
    form.send()
    again = form.send()
    assert again.status == 409
    assert "Somebody else has changed this meanwhile" in again.text
    back = browser.get(f"/no-shows/{desk.booked.id}").form("/revert")
    assert back.send(note="").status == 422
    assert back.send(note="x" * 501).status == 422
    back.send(note="Came")
    assert back.send(note="Came").status == 409


def test_the_third_is_foretold_and_blocks(desk: Desk) -> None:
    desk.session.execute(sa.update(Patient).values(no_show_count=2, lifetime_no_shows=2))
    desk.session.commit()
    browser = desk.reception()
    assert "This is the third" in browser.get(f"/no-shows/{desk.booked.id}").text
    note(browser, desk.booked.id)
    patient = desk.admin().get(f"/patients/{desk.patient_id}")
    assert "Blocked due to 3 no-show appointments" in patient.text
    assert "Blocked from booking" in patient.text
    free = patient.form("/unblock").send(reason="Was in hospital")
    assert "from before the unblocking" in free.text
    assert "0 counted, 3 in all" in free.text


def test_whoever_may_not_take_it_back_reads_who_may(desk: Desk) -> None:
    nurse = signed_in(desk.app, desk.session, somebody(desk, Role.NURSE))
    note(nurse, desk.booked.id)
    page = nurse.get(f"/no-shows/{desk.booked.id}")
    assert "An administrator or the front desk can take this back" in page.text
    assert status_of(desk, desk.booked.id) == "NO_SHOW"


def test_what_cannot_be_missed_says_why(desk: Desk) -> None:
    browser = desk.reception()
    marking.mark_cause(desk.session, desk.clinic.actor, [desk.booked.id], AffectedCause.ABSENCE, now=NOW)
    desk.session.commit()
    assert "never counts against the patient" in browser.get(f"/no-shows/{desk.booked.id}").text
    desk.session.execute(sa.update(Appointment).values(affected_cause=None, status="COMPLETED"))
    desk.session.commit()
    assert "Only somebody who is expected" in browser.get(f"/no-shows/{desk.booked.id}").text


def test_the_way_back_is_offered_right_there(desk: Desk) -> None:
    browser = desk.reception()
    day = browser.get("/front-desk")
    assert "Take back" not in day.text
    noted = browser.get(f"/no-shows/{desk.booked.id}?next=/front-desk").form(f"/no-shows/{desk.booked.id}")
    desk_page = noted.send(reason="MANUAL_STAFF")
    assert desk_page.url == "/front-desk"
    assert "The patient comes after all" in desk_page.follow("Take back").text
    undone = desk_page.form("/revert").send()
    assert (undone.url, status_of(desk, desk.booked.id)) == ("/front-desk", "SCHEDULED")
    assert "Taken back." in undone.text
    desk.session.expire_all()
    assert desk.session.scalars(sa.select(NoShowLog)).one().revert_note == "Noted by mistake"
    again = browser.post("/no-shows/" + str(desk.booked.id) + "/revert", desk_page.form("/revert").values)
    assert again.status == 409


def test_who_cannot_take_it_back_is_offered_no_way(desk: Desk) -> None:
    nurse = signed_in(desk.app, desk.session, somebody(desk, Role.NURSE))
    form = nurse.get(f"/no-shows/{desk.booked.id}").form(f"/no-shows/{desk.booked.id}")
    assert not form.send(reason="MANUAL_STAFF").all("form", class_="undo")
    assert "Take back" not in nurse.get("/front-desk").text


def test_an_administrator_takes_yesterdays_out_of_the_count(desk: Desk) -> None:
    booked = desk.booked.id
    note(desk.reception(), booked)
    long_ago(desk)
    page = desk.admin().get(f"/no-shows/{booked}")
    assert "The no-show was wrong" in page.text
    assert "nobody is checked in" in page.text
    done = page.form("/revert").send(note="Sat here all day")
    assert "Taken out of the count." in done.text
    assert "No-show taken out of the count Sat here all day" in done.text
    assert status_of(desk, booked) == "NO_SHOW"
    assert "0 counted, 0 in all" in desk.reception().get(f"/patients/{desk.patient_id}").text
    assert "was taken out of the count" in desk.admin().get(f"/no-shows/{booked}").text


def long_ago(desk: Desk) -> None:
    """Let every appointment have been yesterday."""
    yesterday, day = Appointment.date - 1, timedelta(days=1)
    moved = {"date": yesterday, "starts_at": Appointment.starts_at - day, "ends_at": Appointment.ends_at - day}
    desk.session.execute(sa.update(Appointment).values(moved))
    desk.session.commit()


def test_yesterdays_cannot_be_taken_back_and_the_page_says_what_to_do(desk: Desk) -> None:
    booked = desk.booked.id
    note(desk.reception(), booked)
    page = desk.reception().get(f"/no-shows/{booked}")
    form = page.form("/revert")
    long_ago(desk)
    page = desk.reception().get(f"/no-shows/{booked}")
    assert "This was on another day" in page.text
    assert "an administrator can take it out of the count" in page.text
    shown = f"/appointments/{booked}"
    assert "See the no-show" in desk.reception().get(shown).text
    assert "Take the no-show back" in desk.admin().get(shown).text
    assert "An administrator can take the no-show out" in form.send(note="Came").text


def missed(desk: Desk) -> UUID:
    """Let somebody else not come."""
    other = desk.clinic.book(desk.clinic.doctor(), desk.clinic.patient(name='=HYPERLINK("evil")'), time(9))
    note(desk.reception(), other.id, reason="MANUAL_STAFF", notes="-1+1")
    return other.id


def test_the_list_is_narrowed_by_its_address(desk: Desk) -> None:
    note(desk.reception(), desk.booked.id, reason="PATIENT_CALLED")
    other = missed(desk)
    browser = desk.admin()
    page = browser.get("/no-shows")
    assert page.h1 == "No-shows"
    assert "Asha Sharma" in page.text
    assert "HYPERLINK" in page.text
    assert "Did not come 0 Share of those expected –" in page.text, "their time is still to come"  # noqa: RUF001
    assert "Nobody was to come in these days." in page.text
    assert "Asha Sharma" not in browser.get("/no-shows?reason=MANUAL_STAFF").text
    assert "Asha Sharma" not in browser.get(f"/no-shows?doctor={desk.clinic.row(other).doctor_id}").text
    desk.session.rollback()
    assert "Nobody missed an appointment" in browser.get("/no-shows?state=reverted").text
    assert "Asha Sharma" in browser.get("/no-shows?first=2026-03-02&last=2026-03-02&state=live").text
    assert "Nobody missed" in browser.get("/no-shows?first=2026-03-03").text
    assert "Asha Sharma" in browser.get("/no-shows?first=2026-03-09&last=2026-03-01").text
    assert "Asha Sharma" in browser.get("/no-shows?first=nonsense&reason=LAZY&state=no").text
    fragment = browser.get("/no-shows", headers={"HX-Request": "true", "HX-Target": "results"})
    assert fragment.fragment
    assert "2 no-shows" in fragment.response.headers["HX-Trigger-After-Settle"]


def test_a_doctor_sees_their_own(desk: Desk) -> None:
    note(desk.reception(), desk.booked.id)
    other = missed(desk)
    doctor = desk.clinic.row(other).doctor_id
    desk.session.rollback()
    page = desk.doctor().get(f"/no-shows?doctor={doctor}")
    assert "Asha Sharma" in page.text
    assert "HYPERLINK" not in page.text
    assert "HYPERLINK" not in desk.doctor().get("/no-shows/export.csv").html


def test_the_export_holds_everything_and_nothing_that_runs(desk: Desk) -> None:
    note(desk.reception(), desk.booked.id, reason="PATIENT_CALLED", notes="Fever")
    missed(desk)
    desk.reception().get(f"/no-shows/{desk.booked.id}").form("/revert").send(note="Came")
    answer = desk.admin().get("/no-shows/export.csv")
    assert answer.response.headers["Content-Disposition"] == 'attachment; filename="no-shows.csv"'
    lines = answer.html.removeprefix("\ufeff").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Appointment,Patient,Patient number,Doctor")
    assert "2026-03-02 09:00,\"'=HYPERLINK(" in lines[1]
    assert ",'-1+1," in lines[1]
    assert "2026-03-02 10:00,Asha Sharma," in lines[2]
    assert lines[2].endswith(",patient called,2026-03-02 08:00,Reception 1,yes,Fever,2026-03-02 08:00,Came")
    assert len(desk.admin().get("/no-shows/export.csv?reason=MANUAL_DOCTOR").html.splitlines()) == 1


def test_a_long_list_is_paged(desk: Desk) -> None:
    note(desk.reception(), desk.booked.id)
    log = sa.select(NoShowLog).limit(1)
    first = desk.session.scalars(log).one()
    columns = {
        column.name: getattr(first, column.name) for column in NoShowLog.__table__.columns if column.name != "id"
    }
    rows = [columns | {"reverted_at": NOW, "created_at": NOW - timedelta(minutes=n)} for n in range(1, 60)]
    desk.session.execute(sa.insert(NoShowLog), rows)
    desk.session.commit()
    page = desk.admin().get("/no-shows")
    assert "50 shown" in page.text
    assert "10 shown" in page.follow("Next page").text


def test_after_an_outage_somebody_says_whether_they_came(desk: Desk) -> None:
    other = desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Ravi Rao"), time(11))
    browser = desk.reception()
    assert "Did they come?" not in browser.get("/front-desk").text
    swept = no_show_sweep.sweep(desk.session, desk.clinic.actor, now=NEXT_DAY)
    assert (swept.marked, swept.reviews) == (0, 2)
    with clock.fixed(NOW + timedelta(minutes=1)):
        listed = browser.get("/front-desk").follow("Did they come?")
        assert "Ravi Rao" in listed.text
        assert "Asha Sharma" in listed.text
        came = listed.form(f"/no-shows/{desk.booked.id}/came").send()
        assert "Noted: Asha Sharma had come." in came.text
        missing = came.follow("Did not come")
        after = missing.form(f"/no-shows/{other.id}").send()
        assert "There is nobody to ask about." in after.text
        assert "Noted as a no-show: Ravi Rao." in after.text
        assert "had come" in browser.get(f"/appointments/{desk.booked.id}").text
        again = listed.form(f"/no-shows/{other.id}/came").send()
        assert "Nobody is asked any more" in again.text
    assert [status_of(desk, key) for key in (desk.booked.id, other.id)] == ["SCHEDULED", "NO_SHOW"]
    assert no_show_sweep.sweep(desk.session, desk.clinic.actor, now=NEXT_DAY).processed == 0
    assert desk.clinic.count(NoShowLog) == 1
    assert desk.booked.date == MONDAY
