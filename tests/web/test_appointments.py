from datetime import time

import sqlalchemy as sa

from hms_web.domain.identity import Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent
from tests.api.callers import person
from tests.scenes import MONDAY
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in


def at(desk: Desk) -> str:
    return f"/appointments/{desk.booked.id}"


def status(desk: Desk) -> str:
    desk.session.expire_all()
    return desk.session.get_one(Appointment, desk.booked.id).status


def test_the_list_shows_who_comes_when_and_leads_to_the_record(desk: Desk) -> None:
    page = desk.reception().get("/appointments")
    assert "Asha Sharma" in page.text
    record = page.follow("10:00")
    assert record.h1 == "Asha Sharma, Mon 2 Mar 10:00"


def test_a_search_finds_the_patient_and_stands_in_no_address(desk: Desk) -> None:
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(name="Zoe Quill"), time(11))
    found = desk.reception().get("/appointments").form(id="filters").send(q="Quill")
    assert "Zoe Quill" in found.text
    assert "Asha Sharma" not in found.text
    assert "Quill" not in found.url


def test_filters_without_a_name_have_an_address(desk: Desk) -> None:
    found = desk.reception().get("/appointments").form(id="filters").send(status="CANCELLED", last=str(MONDAY))
    assert "No appointment fits" in found.text
    assert "status=CANCELLED" in found.url
    assert f"last={MONDAY}" in found.url


def test_a_fragment_is_only_the_list_and_says_how_many(desk: Desk) -> None:
    browser = desk.reception()
    form = browser.get("/appointments").form(id="filters")
    answer = form.send({"HX-Request": "true"}, q="Asha")
    assert answer.fragment
    assert "1 appointment" in answer.response.headers["HX-Trigger-After-Settle"]
    assert "Asha" not in answer.response.headers["HX-Replace-Url"]


def test_a_long_list_is_paged_by_address_and_by_form(desk: Desk) -> None:
    times = [time(hour, minute) for hour in (9, 10, 11, 14, 15, 16) for minute in (0, 30)]
    for number in range(5):
        doctor_id = desk.clinic.doctor()
        for start in times[: 12 if number < 4 else 4]:
            desk.clinic.book(doctor_id, desk.clinic.patient(name="Crowd Person"), start)
    browser = desk.reception()
    page = browser.get("/appointments")
    assert len(page.all("tr")) == 51
    rest = page.follow("Next page")
    assert len(rest.all("tr")) == 4
    typed = page.form(id="filters").send(q="Crowd")
    more = typed.form(id="filters").send(cursor=typed.all("button", name="cursor")[0].attrib["value"])
    assert len(more.all("tr")) == 3


def test_the_affected_list_says_why_and_what_to_do(desk: Desk) -> None:
    desk.session.execute(sa.update(Appointment).values(affected_cause="ABSENCE", affected_at=Appointment.created_at))
    desk.session.commit()
    nurse = signed_in(desk.app, desk.session, person(desk.clinic, Role.NURSE))
    page = nurse.get("/appointments").follow("1 needs another time")
    assert "the doctor is away" in page.text
    record = page.follow("Move or cancel")
    assert "This appointment needs another time" in record.text
    nobody = nurse.get(f"/appointments?affected=1&doctor={desk.clinic.doctor()}")
    assert "Nothing needs another time" in nobody.text
    planned = desk.reception().get("/appointments").follow("1 needs another time")
    assert planned.h1 == "Needs attention"


def test_it_is_moved_to_a_free_time_of_another_day(desk: Desk) -> None:
    browser = desk.reception()
    page = browser.get(f"{at(desk)}?date=2026-03-03&doctor={desk.doctor_id}")
    slot = next(b.attrib["value"] for b in page.all("button", name="slot") if b.text == "11:30")
    moved = page.form("/move").send(slot=slot)
    assert "Moved from Mon 2 Mar 10:00 to Tue 3 Mar 11:30" in moved.text
    assert moved.h1 == "Asha Sharma, Tue 3 Mar 11:30"
    assert "from Mon 2 Mar 10:00 to Tue 3 Mar 11:30" in moved.text


def test_a_move_to_a_taken_time_says_so_and_offers_the_next(desk: Desk) -> None:
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(11))
    page = desk.reception().get(at(desk))
    refused = page.form("/move").send(slot=f"{MONDAY}T11:00/{desk.doctor_id}")
    assert refused.status == 409
    assert "This slot was just taken" in refused.text
    assert refused.all("button", name="slot")
    assert desk.clinic.row(desk.booked.id).start_time == time(10)


def test_a_move_to_nonsense_is_refused_in_words(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    for slot in ("", "yesterday/x", f"{MONDAY}T11:00/nobody"):
        assert page.form("/move").send(slot=slot).status == 422


def test_days_without_free_times_say_why(desk: Desk) -> None:
    desk.clinic.holiday(MONDAY.replace(day=10))
    browser = desk.reception()
    other = desk.clinic.doctor(maximum=1, days=())
    for query, words in (
        ("date=2026-03-10", "The hospital is closed that day (Holi)"),
        ("date=2026-02-01", "That day has gone by"),
        ("date=2026-09-01", "the next 30 days"),
        (f"date=2026-03-04&doctor={other}", "does not work that day"),
    ):
        assert words in browser.get(f"{at(desk)}?{query}").text


def test_the_times_alone_are_a_fragment(desk: Desk) -> None:
    answer = desk.reception().fragment(f"{at(desk)}?date=2026-03-04", **{"HX-Target": "times"})
    assert answer.fragment
    assert "Wednesday 4 March" in answer.text


def test_it_is_confirmed_checked_in_and_undone(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    page = page.form("/status").send(status="CONFIRMED")
    assert status(desk) == AppointmentStatus.CONFIRMED
    page = page.form("/status").send(status="CHECKED_IN")
    assert status(desk) == AppointmentStatus.CHECKED_IN
    assert "Here since" in page.text
    page = page.form("/status").send(status="SCHEDULED")
    assert status(desk) == AppointmentStatus.SCHEDULED
    assert "Check-in undone" in page.text


def test_a_status_that_cannot_follow_is_refused_in_words(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    refused = page.form("/status").send(status="SCHEDULED")
    assert refused.status == 409
    assert "An appointment that is expected cannot become expected" in refused.text
    assert page.form("/status").send(status="COMPLETED").status == 422


def test_a_stale_page_changes_nothing(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    page.form("/status").send(status="CONFIRMED")
    refused = page.form("/cancel").send(cancel_reason="Patient called")
    assert refused.status == 409
    assert "Somebody else has changed this meanwhile" in refused.text
    assert status(desk) == AppointmentStatus.CONFIRMED


def test_a_cancellation_needs_its_reason_and_keeps_it(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    refused = page.form("/cancel").send(cancel_reason="  ")
    assert refused.status == 422
    assert "Say why" in refused.text
    too_long = page.form("/cancel").send(cancel_reason="x" * 501)
    assert too_long.status == 422
    done = page.form("/cancel").send(cancel_reason="Patient called")
    assert status(desk) == AppointmentStatus.CANCELLED
    assert "Patient called" in done.text
    assert not [f for f in done.all("form") if f.attrib.get("action", "").endswith("/cancel")]


def test_reason_and_notes_are_changed_and_nothing_typed_is_lost(desk: Desk) -> None:
    page = desk.reception().get(at(desk))
    refused = page.form("/words").send(reason="x" * 501, notes="Bring the letter")
    assert refused.status == 422
    assert "Bring the letter" in refused.html
    done = page.form("/words").send(reason="Knee", notes="Bring the letter")
    assert "Bring the letter" in done.text
    assert "Changed: notes, reason" in done.text
    stale = page.form("/words").send(reason="Elbow")
    assert stale.status == 409
    assert "Elbow" in stale.html


def test_what_another_doctor_and_an_override_did_is_told(desk: Desk) -> None:
    other = desk.clinic.doctor()
    page = desk.reception().get(f"{at(desk)}?doctor={other}")
    page.form("/move").send(slot=f"{MONDAY}T10:00/{other}")
    booked = desk.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "appointment.booked")).one()
    assert booked.record_id == desk.booked.id
    assert "from Dr. 001 to Dr. 003" in desk.reception().get(at(desk)).text


def test_days_the_wrong_way_round_are_said(desk: Desk) -> None:
    page = desk.reception().get("/appointments?first=2026-03-05&last=2026-03-02")
    assert "The last day lies before the first. Exchange From and Until" in page.text
    assert "All from today on" in page.text
    fragment = page.form(id="filters").send({"HX-Request": "true"}, first="2026-03-05", last="2026-03-02")
    assert "The last day lies before the first." in fragment.text
