"""`/holidays`: the days on which the whole hospital is closed, for administrators."""

import datetime as dt
from typing import cast
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, InputRequired

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import holidays
from hms_web.services.appointments import AppointmentView
from hms_web.services.holidays import HolidayChange, HolidayView, NewHoliday
from hms_web.web import asked, auth, refusals, shown
from hms_web.web.forms import DayField, Form
from hms_web.web.language import gettext

blueprint = Blueprint("holidays", __name__)

ROWS = 100


class HolidayForm(Form):
    """A day to be closed, once or every year."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter a name; refusals mention it."))])
    date = DayField(lazy_gettext("Day"), [InputRequired(lazy_gettext("Enter the day."))])
    is_recurring = BooleanField(lazy_gettext("Every year on this day"))
    description = StringField(lazy_gettext("Description"))

    @property
    def wanted(self) -> NewHoliday:
        """The holiday; only of a form that is valid."""
        return NewHoliday(
            name=self.name.data or "",
            date=cast("dt.date", self.date.data),
            is_recurring=bool(self.is_recurring.data),
            description=self.description.data or None,
        )


@blueprint.get("/holidays")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """All of them by date."""
    return _shown(HolidayForm(formdata=None))


@blueprint.post("/holidays/preview")
@auth.roles(Role.ADMIN)
def preview() -> ResponseReturnValue:
    """Whom the holiday in the form concerns; nothing while it is not complete."""
    form = HolidayForm()
    affected = _foretell(form) if form.validate() else None
    return render_template("holidays/_effect.html", **_effect(form, affected), tells=bool(form.date.data))


@blueprint.post("/holidays")
@auth.roles(Role.ADMIN)
def create() -> ResponseReturnValue:
    """Add the holiday, once those whom it concerns have been shown."""
    form = HolidayForm()
    affected = _foretell(form) if form.validate() else None
    if affected is None:
        return _shown(form, status=422)
    if not shown.was(affected):
        return _shown(form, affected, status=409)
    try:
        done = holidays.create(db.session(), auth.actor(), form.wanted, now=clock.now())
    except Refused as error:
        _note(form, error)
        return _shown(form, status=refusals.status(error.refusal))
    say(gettext("Added."), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


@blueprint.post("/holidays/<uuid:holiday_id>/switch")
@auth.roles(Role.ADMIN)
def switch(holiday_id: UUID) -> ResponseReturnValue:
    """Switch a holiday off, so that its days open, or on again, once those whom that concerns have been shown."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    holiday = holidays.get(session, actor, holiday_id)
    wants_on = request.form.get("on") == "yes"
    try:
        if wants_on and not holiday.is_active:
            again = NewHoliday(holiday.name, holiday.date, holiday.is_recurring)
            concerned = holidays.preview(session, actor, again, now=now)
            if not shown.was(concerned):
                return _ask_to_switch_on(holiday, concerned)
        done = holidays.change(session, actor, holiday_id, HolidayChange(is_active=wants_on), now=now)
    except Refused as error:
        if error.refusal.code is not Code.HOLIDAY_EXISTS:
            raise
        flash(refusals.sentence(error.refusal), "bad")
    else:
        say(gettext("Switched on.") if wants_on else gettext("Switched off."), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


@blueprint.get("/holidays/<uuid:holiday_id>/delete")
@auth.roles(Role.ADMIN)
def ask_to_delete(holiday_id: UUID) -> ResponseReturnValue:
    """What deleting it means, before it is done."""
    return render_template("holidays/delete.html", holiday=holidays.get(db.session(), auth.actor(), holiday_id))


@blueprint.post("/holidays/<uuid:holiday_id>/delete")
@auth.roles(Role.ADMIN)
def delete(holiday_id: UUID) -> ResponseReturnValue:
    """Delete it: its days open again."""
    holidays.delete(db.session(), auth.actor(), holiday_id, now=clock.now())
    flash(gettext("Deleted."), "good")
    return redirect(url_for("holidays.index"), 303)


def _ask_to_switch_on(holiday: HolidayView, concerned: list[AppointmentView]) -> ResponseReturnValue:
    answer = render_template(
        "holidays/switch.html", holiday=holiday, affected=concerned, fingerprint=shown.fingerprint(concerned)
    )
    return make_response(answer, 409)


def _foretell(form: HolidayForm) -> list[AppointmentView] | None:
    """Whom the holiday would concern; None, with the mistakes noted in the form, when it would be refused."""
    try:
        return holidays.preview(db.session(), auth.actor(), form.wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        _note(form, error)
    return None


def _note(form: HolidayForm, error: Refused) -> None:
    if error.refusal.code is not Code.HOLIDAY_EXISTS:
        raise error
    form.date.errors = [*form.date.errors, refusals.sentence(error.refusal)]


def say(words: str, affected: int) -> None:
    """Say what was done, with the way to the appointments that need another time now."""
    flash(words, "good")
    shown.say_affected(affected)


def _effect(form: HolidayForm, affected: list[AppointmentView] | None) -> dict[str, object]:
    return {"form": form, "affected": affected, "fingerprint": shown.fingerprint(affected or [])}


def _shown(form: HolidayForm, affected: list[AppointmentView] | None = None, status: int = 200) -> ResponseReturnValue:
    cursor = asked.text(request.args, "cursor")
    answer = render_template(
        "holidays/index.html",
        page=holidays.list_holidays(db.session(), auth.actor(), limit=ROWS, cursor=cursor),
        cursor=cursor,
        today=clock.today(auth.actor().zone),
        tells=False,
        asks=status == 409,  # noqa: PLR2004
        **_effect(form, affected),
    )
    return make_response(answer, status)
