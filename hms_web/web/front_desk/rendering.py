"""Puts the front desk together: the whole page, or the parts of it that an action has changed.

Grid and list are parts that keep themselves up to date. Each carries a short hash of what it shows; the next poll
brings it back, and gets 204 when nothing has changed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from flask import Response, flash, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from markupsafe import Markup

from hms_web import clock
from hms_web.domain.identity import Actor
from hms_web.models import db
from hms_web.services import doctor_names, facts, kept_days, slots, to_phone, told_before
from hms_web.web import auth, doctor_field, htmx
from hms_web.web.doctor_field import ANYBODY, Meant
from hms_web.web.front_desk import day, grid, panels
from hms_web.web.front_desk.address import WEEK, Address, Wish
from hms_web.web.front_desk.grid import Doctors
from hms_web.web.front_desk.kept import Part, grids
from hms_web.web.front_desk.panels import Panel

NOTHING = Markup("")
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to the front desk: who asks, when, and for what."""

    actor: Actor
    now: datetime
    address: Address
    who: Meant = ANYBODY

    @classmethod
    def of_request(cls) -> "Desk":
        """Read the present request; words for a doctor are looked up."""
        actor, now = auth.actor(), clock.now()
        address = Address.of_request(now.astimezone(actor.zone).date())
        who = Meant(address.doctor_id) if address.doctor_id else doctor_field.read(request.args)
        if who.id is not None and address.doctor_id is None:
            address = replace(address, doctor_id=who.id, is_week=request.args.get("view") == WEEK)
        return cls(actor, now, address, who)

    def doctors(self) -> Doctors:
        """The doctors, and those shown."""
        return grid.choose_doctors(db.session(), self.actor, self.address)

    def doctor_ids(self) -> Sequence[UUID]:
        """The ids of those shown, for a part that needs no more of the doctors."""
        department = self.address.department
        if department is not None and self.address.doctor_id is None:
            found = doctor_names.of_department(
                db.session(), self.actor, department, most=grid.MOST_BESIDE, skip=self.address.skip
            )
            if found:
                return found
        return self.doctors().ids

    def is_week(self, doctor_ids: Sequence[UUID]) -> bool:
        """Whether one doctor's week is shown: the address asks for it, and there is that doctor."""
        return self.address.is_week and list(doctor_ids) == [self.address.doctor_id]

    def grid_part(self, doctor_ids: Sequence[UUID] | None = None, changes: str | None = None) -> Part:
        """The grid, rendered; anew only when something about it is new. Without ids, of whom the address shows.

        `changes` are those of the address's department (`told_before`), where they are known.
        """
        session, actor, day = db.session(), self.actor, self.address.day
        if self.address.is_week and doctor_ids is None:
            doctor_ids = self.doctors().ids
        is_week = doctor_ids is not None and self.is_week(doctor_ids)
        first, last = grid.week_around(day) if is_week else (day, day)
        told = self._told(doctor_ids, first, last, changes)
        has_today = first <= self.now.astimezone(actor.zone).date() <= last
        # A grid of today has the time in it, and so it is another every minute.
        minute = self.now.replace(second=0, microsecond=0) if has_today else None
        looker = (actor.role, actor.doctor_id, str(get_locale()))
        key = (kept_days.likeness(actor, told, first, last, now=self.now), day, looker, minute)
        kept = grids.get(key, self.now)
        if kept is not None:
            return kept
        days, is_all_told = slots.of_told(session, actor, told, first, last, now=self.now)
        laid_out = grid.lay_out(actor, self.address, days, now=self.now, is_week=is_week)
        made = _part(_html("front_desk/_grid.html", grid=laid_out))
        if is_all_told:
            until = kept_days.until(actor, days, now=self.now)
            grids.put(key, made, until if minute is None else min(until, self.now + A_MINUTE))
        return made

    def _told(self, doctor_ids: Sequence[UUID] | None, first: date, last: date, changes: str | None) -> facts.Told:
        session, actor, address = db.session(), self.actor, self.address
        if doctor_ids is None and address.department is not None and address.doctor_id is None:
            told = told_before.of_department(
                session, actor, address.department, first, last, shown=(address.skip, grid.MOST_BESIDE), changes=changes
            )
            if told:
                return told
        ids = self.doctors().ids if doctor_ids is None else doctor_ids
        return facts.tell(session, actor, ids, first, last)

    def day_part(self, doctor_ids: Sequence[UUID]) -> Part:
        """The day's list, rendered."""
        shown = day.build(db.session(), self.actor, self.address, doctor_ids, now=self.now)
        attention = _html("front_desk/_attention.html", day=shown, address=self.address)
        return _part(_html("front_desk/_day.html", day=shown, address=self.address), attention)

    def panel(self, doctors: Doctors) -> Panel:
        """What the address opens beside the grid."""
        return panels.of_address(db.session(), self.actor, self.address, doctors.ids, now=self.now)


def _html(template: str, **context: object) -> Markup:
    return Markup(render_template(template, **context))  # noqa: S704 what Jinja has escaped # nosec


def _part(html: Markup, beside: Markup = NOTHING) -> Part:
    # The token against forged requests is another one every second, and nothing that somebody sees.
    shown = str(html + beside)
    token = g.get("csrf_token")
    if token:
        shown = shown.replace(token, "")
    return Part(html, hashlib.blake2b(shown.encode(), digest_size=6).hexdigest(), beside)


def part(name: str, made: Part, address: Address) -> ResponseReturnValue:
    """Answer a poll: the part as it is now, or 204 when that is what the page shows already."""
    if request.args.get("seen") == made.seen:
        return htmx.unchanged()
    return render_template("front_desk/_part.html", name=name, part=made, address=address)


def page(desk: Desk, panel: Panel | None = None, status: int = 200) -> Response:
    """The whole page, or for htmx everything below its header."""
    is_part = htmx.target() == "desk" and htmx.wants_fragment()
    return _page(desk, "front_desk/_desk.html" if is_part else "front_desk/page.html", panel, status)


def whole(desk: Desk) -> Response:
    """Everything below the page's header, for htmx."""
    return _page(desk, "front_desk/_desk.html")


def _page(desk: Desk, template: str, panel: Panel | None = None, status: int = 200) -> Response:
    doctors = desk.doctors()
    html = render_template(
        template,
        **_of_toolbar(desk, doctors),
        grid_part=desk.grid_part(doctors.ids),
        day_part=desk.day_part(doctors.ids),
        panel=panel or desk.panel(doctors),
    )
    return make_response(html, status)


def _of_toolbar(desk: Desk, doctors: Doctors) -> dict[str, object]:
    today = desk.now.astimezone(desk.actor.zone).date()
    return {
        "address": desk.address,
        "doctors": doctors,
        "beside": grid.MOST_BESIDE,
        "of_doctor": lambda key: desk.address.of_doctor(key).path(),
        "who": Meant(doctors.shown[0].id) if desk.address.doctor_id and doctors.shown else desk.who,
        "today": today,
        "step_days": timedelta(days=7 if desk.is_week(doctors.ids) else 1),
        "week": grid.week_around(desk.address.day) if desk.is_week(doctors.ids) else None,
        "wish": desk.address.wish or Wish(doctors.department),
        "to_phone": to_phone.count_for(db.session(), desk.actor, now=desk.now),
        "most_counted": to_phone.MOST_COUNTED,
    }


def opened(desk: Desk) -> Response:
    """Answer a click that opens something beside the grid: the panel, and the toolbar that knows of it."""
    doctors = desk.doctors()
    panel = desk.panel(doctors)
    if panel.kind == "refused":
        # The grid on the screen showed it as free: it comes as it is now.
        return changed(desk, panel)
    html = render_template("front_desk/_opened.html", **_of_toolbar(desk, doctors), panel=panel)
    return make_response(html)


def changed(desk: Desk, panel: Panel, status: int = 200) -> Response:
    """Answer an action: for htmx the panel with grid and list as they are now, else the page."""
    if not htmx.wants_fragment():
        return page(desk, panel, status)
    doctors = desk.doctors()
    html = render_template(
        "front_desk/_changed.html",
        **_of_toolbar(desk, doctors),
        panel=panel,
        grid_part=desk.grid_part(doctors.ids),
        day_part=desk.day_part(doctors.ids),
    )
    return make_response(html, status)


def lists(desk: Desk) -> Response:
    """The list and the grid as they are now, with the panel left alone; without htmx the page."""
    if not htmx.wants_fragment():
        return make_response(redirect(desk.address.path(), 303))
    doctors = desk.doctors()
    grid_part, day_part = desk.grid_part(doctors.ids), desk.day_part(doctors.ids)
    html = render_template("front_desk/_lists.html", address=desk.address, grid_part=grid_part, day_part=day_part)
    return make_response(html)


def done(
    desk: Desk,
    words: str,
    then: Address,
    panel: Panel | None = None,
    *,
    warning: str | None = None,
    is_shown: bool = False,
) -> Response:
    """Answer an action that succeeded: say so, and leave the page at an address of its own.

    `is_shown` lets the words stand in the corner, where they are read out as well: the panel itself does not say them.
    """
    if not htmx.wants_fragment():
        flash(words, "good")
        if warning:
            flash(warning, "warn")
        return make_response(redirect(then.path(), 303))
    after = Desk(desk.actor, desk.now, then)
    shown = panel or after.panel(after.doctors())
    said = {"toast": {"words": words, "tone": "good"}} if is_shown else htmx.told(words, warning)
    return htmx.trigger(htmx.push_url(changed(after, shown), then.path()), said)
