"""One holiday: changing it, switching it off and on, and deleting it, each with whom it concerns before it is done."""

from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import holidays
from hms_web.services.holidays import HolidayChange, HolidayForeseen, HolidayView
from hms_web.web import auth, holiday_forms, refusals, shown
from hms_web.web.holiday_forms import HolidayForm
from hms_web.web.holidays import blueprint, say
from hms_web.web.language import gettext


@blueprint.get("/holidays/<uuid:holiday_id>")
@auth.roles(Role.ADMIN)
def page(holiday_id: UUID) -> ResponseReturnValue:
    """The holiday, in the form with which it is changed."""
    holiday = _holiday(holiday_id)
    return _shown(holiday, HolidayForm.of(holiday))


@blueprint.post("/holidays/<uuid:holiday_id>/preview")
@auth.roles(Role.ADMIN)
def preview_change(holiday_id: UUID) -> ResponseReturnValue:
    """Whom the change in the form concerns: who is affected, who gets their time back, and who stays on the list."""
    holiday, form = _holiday(holiday_id), HolidayForm()
    foreseen = _foretell(holiday, form) if form.validate() else None
    return render_template("holidays/_effect.html", **form.parts(foreseen), tells=True, holiday=holiday)


@blueprint.post("/holidays/<uuid:holiday_id>")
@auth.roles(Role.ADMIN)
def change(holiday_id: UUID) -> ResponseReturnValue:
    """Save the change, once those whom it concerns have been shown."""
    holiday, form = _holiday(holiday_id), HolidayForm()
    foreseen = _foretell(holiday, form) if form.validate() else None
    if foreseen is None:
        return _shown(holiday, form, status=422)
    session, actor, now = db.session(), auth.actor(), clock.now()
    wanted, seen = form.only_typed(form.change), form.seen_values()
    try:
        done = holidays.change(session, actor, holiday_id, wanted, now=now, seen=seen, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _shown(holiday, form, _foretell(holiday, form), 409)
        if error.refusal.code is Code.STALE_VERSION:
            holiday = _holiday(holiday_id)
            form.refuse(refusals.sentence(error.refusal))
            form.show_as_it_is(HolidayForm.of(holiday))
            return _shown(holiday, form, status=refusals.status(error.refusal))
        form.note(error)
        return _shown(holiday, form, status=refusals.status(error.refusal))
    say(gettext("Changed."), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


@blueprint.post("/holidays/<uuid:holiday_id>/switch")
@auth.roles(Role.ADMIN)
def switch(holiday_id: UUID) -> ResponseReturnValue:
    """Switch a holiday off, so that its days open, or on again, once those whom that concerns have been shown."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    wants_on = request.form.get("on") == "yes"
    wanted = HolidayChange(is_active=wants_on)
    try:
        done = holidays.change(session, actor, holiday_id, wanted, now=now, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _ask("holidays/switch.html", holiday_id, wanted)
        if error.refusal.code is not Code.HOLIDAY_EXISTS:
            raise
        flash(refusals.sentence(error.refusal), "bad")
    else:
        say(gettext("Switched on.") if wants_on else gettext("Switched off."), len(done.affected))
    return redirect(url_for("holidays.index"), 303)


@blueprint.get("/holidays/<uuid:holiday_id>/delete")
@auth.roles(Role.ADMIN)
def ask_to_delete(holiday_id: UUID) -> ResponseReturnValue:
    """What deleting it means and whom it concerns, before it is done."""
    return _ask("holidays/delete.html", holiday_id, None, 200)


@blueprint.post("/holidays/<uuid:holiday_id>/delete")
@auth.roles(Role.ADMIN)
def delete(holiday_id: UUID) -> ResponseReturnValue:
    """Delete it, once those whom that concerns have been shown: its days open again."""
    try:
        holidays.delete(db.session(), auth.actor(), holiday_id, now=clock.now(), shown=shown.sent())
    except Refused as error:
        if error.refusal.code is not Code.MORE_CONCERNED:
            raise
        return _ask("holidays/delete.html", holiday_id, None)
    flash(gettext("Deleted."), "good")
    return redirect(url_for("holidays.index"), 303)


def _holiday(holiday_id: UUID) -> HolidayView:
    return holidays.get(db.session(), auth.actor(), holiday_id)


def _foretell(holiday: HolidayView, form: HolidayForm) -> HolidayForeseen | None:
    """What the change would do; None, with the mistakes noted in the form, when it would be refused."""
    try:
        wanted = form.only_typed(form.change)
        return holidays.preview_change(db.session(), auth.actor(), holiday.id, wanted, now=clock.now())
    except InvalidInput as error:
        form.take(error)
    except Refused as error:
        form.note(error)
    return None


def _ask(template: str, holiday_id: UUID, wanted: HolidayChange | None, status: int = 409) -> ResponseReturnValue:
    """Show whom a change, or the deletion where none is wanted, concerns, with the button that does it."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    if wanted is None:
        foreseen = holidays.preview_delete(session, actor, holiday_id, now=now)
    else:
        foreseen = holidays.preview_change(session, actor, holiday_id, wanted, now=now)
    is_changed = status == 409 and bool(request.form.get(shown.FIELD))  # noqa: PLR2004
    values = {"holiday": _holiday(holiday_id), "is_changed": is_changed, **holiday_forms.parts(foreseen)}
    return make_response(render_template(template, **values), status)


def _shown(
    holiday: HolidayView, form: HolidayForm, foreseen: HolidayForeseen | None = None, status: int = 200
) -> ResponseReturnValue:
    answer = render_template(
        "holidays/page.html",
        holiday=holiday,
        tells=False,
        asks=foreseen is not None,
        **form.parts(foreseen),
    )
    return make_response(answer, status)
