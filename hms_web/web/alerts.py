"""`/alerts`: the live board of people who wait too long; the longest wait first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField

from hms_web import clock
from hms_web.domain.alerts import AlertStatus, AlertType
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import InvalidInput, Refusal
from hms_web.models import db
from hms_web.services import alert_board
from hms_web.services.alert_board import AlertView
from hms_web.services.who_asks import Also
from hms_web.web import asked, auth, htmx, refusals, waiting
from hms_web.web.forms import Form
from hms_web.web.language import gettext

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")

CARERS = (Role.ADMIN, Role.DOCTOR, Role.NURSE)
MEASURERS = (Role.DOCTOR, Role.NURSE)
POLL_SECONDS = 5
SHEET = "sheet-body"
TYPES = {
    AlertType.NO_VITALS: lazy_gettext("no vitals yet"),
    AlertType.NO_DOCTOR: lazy_gettext("waits for the doctor"),
}


class ResolveForm(Form):
    """What was done about an alert."""

    note = StringField(lazy_gettext("What was done"))


@blueprint.app_template_filter("waited")
def waited(since: datetime, now: datetime) -> str:
    """How long somebody has waited, in words."""
    return waiting.passed_words(now - since)


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts under one title; a board of one group shows none."""

    title: str
    alerts: list[AlertView]


@dataclass(frozen=True, slots=True)
class View:
    """One request to the board: who looks, when, and whether at their own patients alone."""

    actor: Actor
    now: datetime
    is_mine: bool

    @classmethod
    def of_request(cls) -> "View":
        """Read the present request."""
        actor = auth.actor()
        return cls(actor, clock.now(), request.args.get("mine") == "1" and actor.doctor_id is not None)

    @property
    def arguments(self) -> dict[str, Any]:
        """Whose patients, as arguments of an address."""
        return {"mine": "1"} if self.is_mine else {}

    @property
    def may_care(self) -> bool:
        """Whether this person takes alerts on and ends them."""
        return self.actor.role in CARERS

    @property
    def may_measure(self) -> bool:
        """Whether this person takes vitals."""
        return self.actor.role in MEASURERS

    def version(self) -> str:
        """What the board shows, in short; it differs whenever the board does."""
        return alert_board.version(db.session(), self.actor, now=self.now)

    def shown(self, changed: UUID | None = None) -> dict[str, Any]:
        """What the list's template needs. The version is taken first: whatever comes between is shown twice."""
        seen = self.version()
        alerts = alert_board.live(
            db.session(), self.actor, now=self.now, doctor_id=self.actor.doctor_id if self.is_mine else None
        )
        return {
            "view": self,
            "seen": seen,
            "groups": self._groups(alerts),
            "total": len(alerts),
            "untaken": sum(alert.status is AlertStatus.ACTIVE for alert in alerts),
            "types": TYPES,
            "poll": POLL_SECONDS,
            "changed": changed,
        }

    def _groups(self, alerts: list[AlertView]) -> list[Group]:
        """Return a doctor's own patients before the others'; everybody else sees one list."""
        own = [alert for alert in alerts if alert.doctor_id == self.actor.doctor_id]
        others = [alert for alert in alerts if alert.doctor_id != self.actor.doctor_id]
        groups = [Group(gettext("Your patients"), own), Group(gettext("Other doctors' patients"), others)]
        return [group for group in groups if group.alerts]


@blueprint.get("")
@auth.roles()
def page() -> ResponseReturnValue:
    """The whole board."""
    return render_template("alerts/page.html", **View.of_request().shown(), is_for_wall="wall" in request.args)


@blueprint.get("/list")
@auth.asking_along(lambda: Also(alert_board.VERSION))
@auth.roles()
def listed() -> ResponseReturnValue:
    """The alerts, when they have changed since `seen`."""
    who = auth.signed_in()
    if who is not None and request.args.get("seen") == who.told:
        return htmx.unchanged()
    return render_template("alerts/_list.html", **View.of_request().shown())


@blueprint.post("/<uuid:alert_id>/acknowledge")
@auth.roles(*CARERS)
def acknowledge(alert_id: UUID) -> ResponseReturnValue:
    """Take an alert on, or over from whom the page showed on it."""
    instead_of = asked.key(request.form, "instead_of")
    done = alert_board.acknowledge(db.session(), auth.actor(), alert_id, now=clock.now(), instead_of=instead_of)
    if isinstance(done, Refusal):
        return _again(refusals.sentence(done), refusals.status(done))
    return _again(gettext("You look after %(name)s.", name=done.patient_name), changed=alert_id)


@blueprint.get("/<uuid:alert_id>")
@auth.roles()
def one(alert_id: UUID) -> ResponseReturnValue:
    """One alert, and ending it."""
    return _one(alert_board.get(db.session(), auth.actor(), alert_id), ResolveForm(formdata=None))


@blueprint.post("/<uuid:alert_id>/resolve")
@auth.roles(*CARERS)
def resolve(alert_id: UUID) -> ResponseReturnValue:
    """End an alert, with a note if there is something to say."""
    form = ResolveForm()
    try:
        done = alert_board.resolve(db.session(), auth.actor(), alert_id, note=form.note.data or None, now=clock.now())
    except InvalidInput as error:
        form.take(error)
        return _one(alert_board.get(db.session(), auth.actor(), alert_id), form, 422)
    words = (
        refusals.sentence(done) if isinstance(done, Refusal) else gettext("Ended: %(name)s.", name=done.patient_name)
    )
    tone = "bad" if isinstance(done, Refusal) else "good"
    if htmx.target() == SHEET:
        answer = htmx.reswap("", "none")
        return htmx.trigger(answer, {"close-sheet": {}, "toast": {"words": words, "tone": tone}})
    flash(words, tone)
    return redirect(url_for("alerts.page"), 303)


def _one(alert: AlertView, form: ResolveForm, status: int = 200) -> ResponseReturnValue:
    template = "alerts/_one.html" if htmx.target() == SHEET else "alerts/one.html"
    now = clock.now()
    answer = render_template(
        template, alert=alert, form=form, types=TYPES, now=now, may_care=auth.actor().role in CARERS
    )
    return make_response(answer, status)


def _again(words: str, status: int = 200, changed: UUID | None = None) -> ResponseReturnValue:
    """The board as it is now, and what was done or why not."""
    view = View.of_request()
    is_refused = status != 200  # noqa: PLR2004
    if not htmx.wants_fragment():
        flash(words, "bad" if is_refused else "good")
        return redirect(url_for("alerts.page", **view.arguments), 303)
    answer = make_response(render_template("alerts/_list.html", **view.shown(changed)), status)
    return htmx.trigger(
        answer, {"toast": {"words": words, "tone": "bad"}} if is_refused else {"announce": {"value": words}}
    )
