"""`/holidays`: the days on which the whole hospital is closed, for administrators."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import holidays
from hms_web.services.holidays import HolidayForeseen
from hms_web.web import asked, auth, refusals, shown
from hms_web.web.holiday_forms import HolidayForm
from hms_web.web.language import gettext

blueprint = Blueprint("holidays", __name__)

ROWS = 100


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
    foreseen = _foretell(form) if form.validate() else None
    return render_template("holidays/_effect.html", **form.parts(foreseen), tells=bool(form.date.data))


@blueprint.post("/holidays")
@auth.roles(Role.ADMIN)
def create() -> ResponseReturnValue:
    """Add the holiday, once those whom it concerns have been shown."""
    form = HolidayForm()
    foreseen = _foretell(form) if form.validate() else None
    if foreseen is None:
        return _shown(form, status=422)
    try:
        done = holidays.create(db.session(), auth.actor(), form.wanted, now=clock.now(), shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _shown(form, _foretell(form), status=409)
        form.note(error)
        return _shown(form, status=refusals.status(error.refusal))
    say(gettext("Added."), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


def _foretell(form: HolidayForm) -> HolidayForeseen | None:
    """Whom the holiday would concern; None, with the mistakes noted in the form, when it would be refused."""
    try:
        return holidays.preview(db.session(), auth.actor(), form.wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        form.note(error)
    return None


def say(words: str, affected: int) -> None:
    """Say what was done, with the way to the appointments that need another time now."""
    flash(words, "good")
    shown.say_affected(affected)


def _shown(form: HolidayForm, foreseen: HolidayForeseen | None = None, status: int = 200) -> ResponseReturnValue:
    cursor = asked.text(request.args, "cursor")
    answer = render_template(
        "holidays/index.html",
        page=holidays.list_holidays(db.session(), auth.actor(), limit=ROWS, cursor=cursor),
        cursor=cursor,
        today=clock.today(auth.actor().zone),
        tells=False,
        asks=status == 409,  # noqa: PLR2004
        **form.parts(foreseen),
    )
    return make_response(answer, status)
