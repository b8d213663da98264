"""The doctor's time, row by row, on the pages (tests/leave_rows.py)."""

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.schedules import DayOfWeek
from hms_web.models import DoctorAbsence, HospitalHoliday
from tests.leave_rows import Foretold, Leave, LeaveTable, World
from tests.scenes import MONDAY, clinic
from tests.web.pages import Browser, Form, Page, text
from tests.web.record_scenes import Desk


def typed(leave: Leave) -> dict[str, Any]:
    start, end = (f"{at:%H:%M}" for at in leave.hours) if leave.hours else ("", "")
    return {
        "absence_type": leave.kind,
        "start_date": str(leave.first),
        "end_date": str(leave.last),
        "start_time": start,
        "end_time": end,
    }


def pressed(form: Form, form_id: str, **values: Any) -> Page:
    """Send a form; where it first shows whom it concerns, send it again."""
    page = form.send(None, **values)
    return page.form(id=form_id).send() if page.status == 409 else page


@dataclass
class Pages(World):
    """The pages, used by an administrator without JavaScript."""

    browser: Browser = field(kw_only=True)
    # What opens each again, from a desk that has had the slot open since: leave and holidays take it from new ones.
    closed_by_hand: dict[time, Form] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/doctors/{self.doctor_id}"

    def _told(self, page: Page) -> Foretold:
        """Read a preview."""
        words = page.text
        slots = re.search(r"(\d+) slots close", words)
        cancelled = re.search(r"(One|\d+) appointments? will be cancelled", words)
        number = 0 if cancelled is None else 1 if cancelled[1] == "One" else int(cancelled[1])
        shown = {text(li) for ul in page.all("ul", class_="concerned") for li in ul.iter("li")}
        names = {name for name in self.names.values() if any(name in item for item in shown)}
        return Foretold(int(slots[1]) if slots else 0, names, number)

    def enter(self, leave: Leave) -> bool:
        before = self.clinic.count(DoctorAbsence)
        page = pressed(self.browser.get(f"{self.path}/absences").form(id="new"), "new", **typed(leave))
        assert (self.clinic.count(DoctorAbsence) > before) is (page.status == 200)
        assert page.status in {200, 409, 422}
        return page.status == 200

    def preview(self, leave: Leave) -> Foretold:
        values = self.browser.get(f"{self.path}/absences").form(id="new").values
        return self._told(self.browser.post(f"{self.path}/absences/preview", values | typed(leave)))

    def change(self, leave: Leave) -> bool:
        page = self.browser.get(f"{self.path}/absences/{self.absence()}")
        return "Changed." in pressed(page.form(id="change"), "change", **typed(leave)).text

    def cancel(self) -> None:
        asked = self.browser.get(f"{self.path}/absences/{self.absence()}/cancel")
        assert "Cancelled." in asked.form("/cancel").send().text

    def statuses(self, day: date = MONDAY) -> dict[str, str]:
        page = self.browser.get(f"/front-desk?date={day}&doctor={self.doctor_id}")
        labels = [b.attrib["aria-label"] for col in page.all("div", class_="col") for b in col.findall("button")]
        return {label[:5]: self._status(label) for label in labels}

    def _status(self, label: str) -> str:
        if label[5:].startswith(" free"):
            return "AVAILABLE"
        return "BOOKED" if any(name in label for name in self.names.values()) else "BLOCKED"

    def books(self, patient: UUID, at: time, day: date = MONDAY) -> bool:
        self.statuses(day)  # makes the slots of the day
        slot = self.clinic.slot(self.doctor_id, at, day).id
        page = self.browser.get(f"/front-desk?date={day}&slot={slot}")
        if not [form for form in page.all("form") if form.attrib.get("id") == "booking"]:
            return False
        return "Booked:" in page.form(id="booking").send(do="book", patient_id=patient).text

    def set_hours(self, start: time, end: time) -> None:
        week = {f"{day.lower()}-{part}": "" for day in DayOfWeek for part in ("break_start", "break_end")}
        week |= {f"{day.lower()}-start": f"{start:%H:%M}" for day in DayOfWeek}
        week |= {f"{day.lower()}-end": f"{end:%H:%M}" for day in DayOfWeek}
        page = self.browser.get(f"{self.path}/schedule").form("/schedule").send(None, **week)
        done = page.form("/schedule").send() if page.status == 409 else page
        assert "Saved: " in done.text

    def set_slot_length(self, minutes: int) -> None:
        done = self.browser.get(self.path).form(self.path).send(slot_duration=str(minutes))
        assert "Saved." in done.text

    def block(self, at: time, *, blocked: bool = True) -> None:
        if blocked:
            self.statuses()
            slot = self.clinic.slot(self.doctor_id, at).id
            address = f"/front-desk?date={MONDAY}&slot={slot}"
            assert self.browser.get(address).form(f"/slots/{slot}/block").send(reason="Meeting").status == 200
            self.closed_by_hand[at] = self.browser.get(address).form(f"/slots/{slot}/block")
        else:
            assert self.closed_by_hand.pop(at).send().status == 200

    def close(self, day: date, *, every_year: bool = False) -> None:
        values = {"name": "Holi", "date": str(day)} | ({"is_recurring": "y"} if every_year else {})
        form = self.browser.get("/holidays").form(id="new")
        assert "Added." in pressed(form, "new", **values).text

    def reopen(self) -> None:
        key = self.clinic.session.scalars(sa.select(HospitalHoliday.id)).one()
        assert "Deleted." in self.browser.get(f"/holidays/{key}/delete").form("/delete").send().text

    def switch(self, *, available: bool) -> None:
        address = self.path if available else f"{self.path}/availability"
        page = self.browser.get(address)
        if not available:
            assert "taking appointments again does not bring them back" in page.text
        done = page.form("/availability").send(available="yes" if available else "no")
        assert ("takes appointments" if available else "takes no appointments") in done.text

    def listed(self) -> set[str]:
        page = self.browser.get(f"/appointments?affected=1&doctor={self.doctor_id}")
        shown = " ".join(text(main) for main in page.all("main"))
        return {name for name in self.names.values() if name in shown}


class TestLeaveTable(LeaveTable):
    """Each row."""

    @pytest.fixture
    def world(self, desk: Desk) -> World:
        """A clinic behind the pages, with nobody booked yet."""
        place = clinic(desk.session)
        there = Desk(place, desk.app, desk.session, place.doctor(), desk.patient_id, desk.booked)
        return Pages(place, there.doctor_id, browser=there.admin())
