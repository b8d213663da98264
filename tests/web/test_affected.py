"""`/affected` without JavaScript: the list, the plan, what came of it, and the undo."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from hms_web.domain.identity import Role
from hms_web.models import AffectedBatch, Appointment, Patient
from hms_web.services import cancelling, holidays
from hms_web.services.affected_batches import MOST_STEPS
from hms_web.services.holidays import NewHoliday
from hms_web.web import affected as pages
from hms_web.web.front_desk import panels
from tests.api.callers import person
from tests.scenes import MONDAY, NOW
from tests.services.affected_scenes import TUESDAY, Ill, away
from tests.web.pages import HX, Page
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in


@pytest.fixture
def clinic(desk: Desk) -> Ill:
    """The desk's doctor is away on Monday over two patients; a colleague is there."""
    here = desk.clinic
    second = here.book(desk.doctor_id, here.patient(name="Ravi Kumar"), time(11))
    colleague = here.doctor()
    return Ill(here, desk.doctor_id, colleague, away(here, desk.doctor_id), [desk.booked, second])


def planned(desk: Desk, do: str = "") -> Page:
    """Plan the first group, or press one of the buttons below after choosing everybody."""
    page = desk.reception().get("/affected")
    if not do:
        return page.form("/affected/plan").send(group=page.all("button", name="group")[0].attrib["value"])
    ids = [box.attrib["value"] for box in page.all("input", name="chosen")]
    return page.form("/affected/plan").send(chosen=ids, do=do)


def row(desk: Desk, number: int, clinic: Ill) -> Appointment:
    desk.session.expire_all()
    found = desk.session.get_one(Appointment, clinic.ids[number])
    desk.session.rollback()
    return found


def test_everybody_stands_there_by_cause(desk: Desk, clinic: Ill) -> None:
    closed = desk.clinic.book(clinic.colleague, desk.clinic.patient(name="Zoe Quill"), time(9), TUESDAY)
    holidays.create(desk.session, desk.clinic.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=1))
    page = desk.reception().get("/affected")
    assert [heading.text for heading in page.all("h2")][:2] == [
        f"{desk.booked.doctor_name}: Annual leave, Mon 2 Mar", "Holi, Tue 3 Mar: closed",
    ]  # fmt: skip
    assert "Asha Sharma" in page.text
    assert "Zoe Quill" in page.text
    assert "Needs attention 3" in page.text
    # Since yesterday somebody waits for an answer about tomorrow; who comes today would come in vain before that.
    waits = sa.update(Appointment).where(Appointment.id == closed.id).values(affected_at=NOW - timedelta(days=1))
    desk.session.execute(waits)
    desk.session.commit()
    page = desk.reception().get("/affected")
    assert [heading.text for heading in page.all("h2")][1] == "Holi, Tue 3 Mar: closed"
    filters = page.form("/affected")
    assert "Asha" not in filters.send(cause="HOLIDAY").text
    assert "Zoe" not in filters.send(doctor=str(desk.doctor_id)).text
    nobody = filters.send(cause="SCHEDULE_CHANGE")
    assert "Nobody needs attention" in nobody.text
    assert nobody.follow("Show everybody").h1 == "Needs attention"
    assert closed.patient_name in filters.send(cause="nonsense").text


def test_causes_without_a_source_are_named_too(desk: Desk, clinic: Ill) -> None:
    desk.session.execute(sa.text("UPDATE appointments SET affected_cause = 'DOCTOR_UNAVAILABLE'"))
    desk.session.commit()
    name = desk.booked.doctor_name
    assert f"{name}: the doctor does not take appointments" in desk.reception().get("/affected").text
    desk.session.execute(sa.text("UPDATE appointments SET affected_cause = 'HOLIDAY'"))
    desk.session.commit()
    assert "Mon 2 Mar: closed" in desk.reception().get("/affected").text
    assert clinic.ids


def test_nobody_needs_attention(desk: Desk) -> None:
    page = desk.reception().get("/affected")
    assert "Nobody needs attention" in page.text
    assert page.follow("To the front desk").h1


def test_a_group_is_planned_and_applied(desk: Desk, clinic: Ill) -> None:
    plan = planned(desk)
    assert plan.h1 == "Plan for 2 appointments"
    assert "2 with the same doctor" in plan.text
    chosen = [value for name, value in plan.form("/affected/plans").values.items() if name.startswith("to-")]
    assert chosen == [f"{desk.doctor_id}/{TUESDAY}/09:00", f"{desk.doctor_id}/{TUESDAY}/09:30"]
    done = plan.form("/affected/plans").send(step=clinic.ids)
    assert done.h1 == "2 done"
    assert "2 appointments are seen to" in done.text
    assert "Messages about new times leave after a minute" in done.text
    assert "Tue 3 Mar 09:30" in done.text
    assert row(desk, 0, clinic).date == TUESDAY


def test_the_plan_is_sent_twice_and_applied_once(desk: Desk, clinic: Ill) -> None:
    form = planned(desk).form("/affected/plans")
    first, second = form.send(step=clinic.ids), form.send(step=clinic.ids)
    assert first.url == second.url
    assert desk.clinic.count(AffectedBatch) == 1
    other = form.send(None, step=clinic.ids, **{f"to-{clinic.ids[0]}": "LEAVE"})
    assert other.url == first.url
    assert "This plan was applied before, with other choices" in other.text


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ("SAME_DOCTOR", "2 with the same doctor"),
        ("COLLEAGUE", "2 with a colleague"),
        ("KEEP", "Keep: the appointment stands although"),
        ("CANCEL", "A cancellation cannot be taken back"),
    ],
)
def test_whatever_is_chosen_is_shown_first(desk: Desk, clinic: Ill, do: str, words: str) -> None:
    page = planned(desk, do)
    assert words in page.text
    form = page.form("/affected/plans")
    expected = do if do in {"KEEP", "CANCEL"} else str(TUESDAY if do == "SAME_DOCTOR" else MONDAY)
    assert all(expected in value for name, value in form.values.items() if name.startswith("to-"))
    if do == "CANCEL":
        assert form.values["reason"] == "The doctor is away"
    assert row(desk, 0, clinic).version == 2


def test_a_plan_of_every_kind_and_its_undo(desk: Desk, clinic: Ill) -> None:
    third = desk.clinic.book(clinic.colleague, desk.clinic.patient(name="Zoe Quill"), time(12))
    away(desk.clinic, clinic.colleague)
    ids = [*clinic.ids, third.id]
    form = planned(desk, "SAME_DOCTOR").form("/affected/plans")
    choice = {f"to-{ids[1]}": "KEEP", f"to-{ids[2]}": "CANCEL"}
    mistaken = form.send(None, step=ids, reason=" ", **choice)
    assert mistaken.status == 422
    assert "Say why they are cancelled" in mistaken.text
    again = mistaken.form("/affected/plans")
    assert {name: again.values[name] for name in choice} == choice
    assert "kept: " not in again.page.text
    long = again.send(step=ids, reason="x" * 501)
    assert (long.status, "at most 500" in long.text) == (422, True)
    done = long.form("/affected/plans").send(step=ids, reason="Called in ill")
    assert done.h1 == "3 done"
    assert "kept as it is" in done.text
    assert "What is cancelled stays cancelled." in done.text
    undone = done.form("/undo").send()
    assert undone.h1 == "2 taken back"
    assert "1 could not be taken back" in undone.text
    assert "A cancellation cannot be taken back" in undone.text
    assert "back to where it stood" in undone.text
    assert not [form for form in undone.all("form") if "/undo" in form.attrib.get("action", "")]


def test_what_is_refused_says_why_and_gets_a_new_proposal(desk: Desk, clinic: Ill) -> None:
    form = planned(desk).form("/affected/plans")
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(9), TUESDAY)
    cancelling.cancel(desk.session, desk.clinic.other, clinic.ids[1], reason=None, now=NOW)
    done = form.send(step=clinic.ids)
    assert done.h1 == "0 done, 2 refused"
    assert "This slot was just taken" in done.text
    assert "Reception 2 has changed this meanwhile" in done.text
    assert "A new proposal for 1 of them" in done.text
    new = done.form("/affected/plans")
    assert new.values[f"to-{clinic.ids[0]}"] == f"{desk.doctor_id}/{TUESDAY}/09:30"
    assert new.send().h1 == "1 done"


def test_nobody_is_left_to_plan_for(desk: Desk, clinic: Ill) -> None:
    page = desk.reception().get("/affected")
    for key in clinic.ids:
        cancelling.cancel(desk.session, desk.clinic.actor, key, reason=None, now=NOW)
    plan = page.form("/affected/plan").send(chosen=clinic.ids, do="COLLEAGUE")
    assert "None of them needs attention any more" in plan.text
    assert "2 of those chosen need no attention any more" in plan.text


def test_where_there_is_no_time_it_says_so(desk: Desk, clinic: Ill) -> None:
    day = TUESDAY
    for number in range(30):
        away(desk.clinic, desk.doctor_id, day + timedelta(days=number))
    page = planned(desk, "SAME_DOCTOR")
    assert "2 without a free time" in page.text
    assert "no free time within 30 days" in page.text
    left = page.form("/affected/plans").send(step=clinic.ids)
    assert "Nothing was chosen, so nothing was changed" in left.text


def test_nothing_chosen_and_nonsense(desk: Desk, clinic: Ill) -> None:
    browser = desk.reception()
    form = browser.get("/affected").form("/affected/plan")
    assert "Choose at least one appointment" in form.send(do="KEEP").text
    assert "Choose at least one appointment" in form.send(chosen="nonsense").text
    apply = form.send(chosen=clinic.ids[0], do="nonsense").form("/affected/plans")
    key = clinic.ids[0]
    for wrong in ({f"to-{key}": "x/y/z"}, {f"version-{key}": "one"}, {"step": "nonsense"}, {"batch": "none"}):
        assert "nothing was changed" in apply.send(None, **wrong).text
    untimed = apply.send(None, **{f"to-{key}": f"{desk.doctor_id}/{TUESDAY}/late"})
    assert (untimed.status, "A move needs its doctor" in untimed.text) == (422, True)
    assert row(desk, 0, clinic).version == 2


def test_so_many_at_once_are_planned_in_parts(desk: Desk, clinic: Ill, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_STEPS == 100
    monkeypatch.setattr(pages, "MOST_STEPS", 1)
    page = planned(desk)
    assert "The first 1 of them are shown" in page.text
    assert page.h1 == "Plan for 1 appointment"
    assert clinic.ids


def test_a_doctor_has_their_own_list(desk: Desk, clinic: Ill) -> None:
    own = desk.doctor().get("/affected")
    assert "Asha Sharma" in own.text
    assert not own.all("select", id="doctor")
    other = desk.doctor(clinic.colleague)
    assert "Nobody needs attention" in other.get(f"/affected?doctor={desk.doctor_id}").text
    done = planned(desk).form("/affected/plans").send(step=clinic.ids)
    assert other.get(done.url).status == 404


def test_a_record_offers_it_too_and_says_what_was_kept(desk: Desk, clinic: Ill) -> None:
    browser = desk.reception()
    page = browser.get(f"/appointments/{desk.booked.id}")
    (link,) = page.all("a", href=f"/affected/plan?chosen={desk.booked.id}")
    plan = browser.get(link.attrib["href"])
    assert plan.h1 == "Plan for 1 appointment"
    done = plan.form("/affected/plans").send(None, **{f"to-{desk.booked.id}": "KEEP"})
    assert done.h1 == "1 done"
    kept = browser.get(f"/appointments/{desk.booked.id}")
    assert "Kept, although: the doctor is away." in kept.text
    assert "Kept as it is; the patient will be told" in kept.text
    done.form("/undo").send()
    again = browser.get(f"/appointments/{desk.booked.id}")
    assert "No longer kept: needs attention again" in again.text
    assert clinic.ids


def test_an_undone_move_stands_in_the_history(desk: Desk, clinic: Ill) -> None:
    planned(desk).form("/affected/plans").send(step=clinic.ids).form("/undo").send()
    record = desk.reception().get(f"/appointments/{desk.booked.id}")
    assert "The move was undone: back to Mon 2 Mar 10:00" in record.text


def test_the_front_desk_keeps_one_at_a_time(desk: Desk, clinic: Ill) -> None:
    browser = desk.reception()
    page = browser.get("/front-desk?affected=1")
    assert page.follow("Plan for all").h1 == "Needs attention"
    form = page.form(f"/appointments/{clinic.ids[0]}/keep")
    kept = form.send()
    assert "Kept: Asha Sharma, 10:00" in kept.text
    assert row(desk, 0, clinic).kept_cause == "ABSENCE"
    refused = form.send()
    assert refused.status == 409
    assert "Reception 1 has changed this meanwhile" in refused.text
    fragment = page.form(f"/appointments/{clinic.ids[1]}/keep").send(_headers=HX)
    assert "Nobody needs another time" in fragment.text


def test_the_front_desk_shows_them_by_cause_and_has_each_way_out(desk: Desk, clinic: Ill) -> None:
    closed = desk.clinic.book(clinic.colleague, desk.clinic.patient(name="Zoe Quill"), time(9), TUESDAY)
    holidays.create(desk.session, desk.clinic.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=1))
    page = desk.reception().get("/front-desk?affected=1")
    titles = [heading.text for heading in page.all("h3") if (heading.attrib.get("id") or "").startswith("affected-")]
    assert titles == [f"{desk.booked.doctor_name}: Annual leave, Mon 2 Mar", "Holi, Tue 3 Mar: closed"]
    assert [item.attrib["value"] for item in page.all("button", name="group")] == [
        f"ABSENCE:{clinic.absence}",
        f"HOLIDAY:{TUESDAY}",
    ]
    page.follow("Cancel…").form(f"/front-desk/appointments/{clinic.ids[0]}/cancel")
    assert page.form("/affected/plan").send(group=f"ABSENCE:{clinic.absence}").h1 == "Plan for 2 appointments"
    page.form(f"/appointments/{closed.id}/keep")


def test_more_than_there_is_room_for_are_counted_and_led_to(
    desk: Desk, clinic: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "MOST_AFFECTED", 1)
    page = desk.reception().get("/front-desk?affected=1")
    assert "1 more" in page.text
    assert page.follow("Show all of them").h1 == "Needs attention"
    assert clinic.ids


def test_a_nurse_reads_the_old_list_and_moves_nobody(desk: Desk, clinic: Ill) -> None:
    nurse = signed_in(desk.app, desk.session, person(desk.clinic, Role.NURSE))
    assert nurse.get("/affected").status == 403
    panel = nurse.get("/front-desk?affected=1")
    assert "Plan for all" not in panel.text
    assert not [form for form in panel.all("form") if "/keep" in form.attrib["action"]]
    assert clinic.ids


def test_back_after_a_plan_leads_to_an_address_and_not_to_a_form_that_is_sent_again(desk: Desk, clinic: Ill) -> None:
    plan = planned(desk, "COLLEAGUE")
    assert plan.url.startswith("/affected/plan?chosen=")
    assert len(plan.url) < 200
    again = plan.browser.get(plan.url)
    assert again.h1 == plan.h1 == "Plan for 2 appointments"
    word = plan.url.partition("chosen=")[2].partition("&")[0]
    for broken in (word[:-4], f"{word[:-4]}' AND '1", f"{word}==", f"{word}%20"):
        assert "None of them" in plan.browser.get(f"/affected/plan?chosen={broken}").text, "not fewer than were chosen"
    result = plan.form("/affected/plans").send(step=clinic.ids)
    assert result.url.startswith("/affected/plans/")
    back = plan.browser.get(plan.url)
    assert "None of them needs attention any more" in back.text
    for nonsense in ("%%%", "AAAA", "x", ""):
        assert "None of them" in plan.browser.get(f"/affected/plan?chosen={nonsense}").text


def test_hundreds_are_paged_and_each_page_says_how_many_there_are(
    desk: Desk, clinic: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS", 1)
    first = desk.reception().get("/affected")
    assert "1 of them on this page" in first.text
    assert "Plan all 2" in first.text
    assert ("Asha Sharma" in first.text, "Ravi Kumar" in first.text) == (True, False)
    second = first.follow("Next page")
    assert ("Asha Sharma" in second.text, "Ravi Kumar" in second.text) == (False, True)
    assert "Next page" not in second.text
    assert "Asha Sharma" in second.follow("From the start").text
    assert "Ravi Kumar" in first.browser.get("/affected?page=99").text


def test_the_list_as_a_file_holds_everybody_and_nothing_that_runs(desk: Desk, clinic: Ill) -> None:
    desk.session.execute(sa.update(Patient).where(Patient.name == "Ravi Kumar").values(name="=HYPERLINK(1)"))
    desk.session.commit()
    page = desk.reception().get("/affected")
    answer = page.browser.get(page.all("a", href="/affected/export.csv")[0].attrib["href"])
    assert answer.response.headers["Content-Disposition"] == 'attachment; filename="needs-attention.csv"'
    lines = answer.html.removeprefix("\ufeff").splitlines()
    assert lines[0] == "Why,Appointment,State,Patient,Patient number,Phone,Doctor,Reason,Since"
    assert ",2026-03-02 10:00,expected,Asha Sharma," in lines[1]
    assert ",'=HYPERLINK(1)," in lines[2]
    assert len(page.browser.get("/affected/export.csv?cause=HOLIDAY").html.splitlines()) == 1
