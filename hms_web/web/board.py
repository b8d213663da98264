"""`/board`: the flow of today, for everybody who looks after people while they are here."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import appointments, board, doctor_choice, visits
from hms_web.services.board import BoardFilter
from hms_web.services.doctor_choice import MOST_LISTED, Choice
from hms_web.web import arrivals, asked, auth, doctor_field, flow, htmx, refusals
from hms_web.web.doctor_field import ANYBODY, Meant
from hms_web.web.formats import status_name
from hms_web.web.language import gettext

blueprint = Blueprint("board", __name__, url_prefix="/board")

LOOKERS = (Role.NURSE, Role.DOCTOR, Role.RECEPTIONIST)
SETTABLE = (AppointmentStatus.CHECKED_IN, AppointmentStatus.SCHEDULED)
POLL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class View:
    """One request to the board: who looks, when, and at whose people."""

    actor: Actor
    now: datetime
    wanted: BoardFilter
    who: Meant = ANYBODY

    @classmethod
    def of_request(cls) -> "View":
        """Read the present request; what cannot be understood is left out."""
        who, department = doctor_field.read(request.args), asked.text(request.args, "department")
        return cls(auth.actor(), clock.now(), BoardFilter(who.id, department), who)

    def narrowed(self, choice: Choice) -> "View":
        """The same, of the department that is offered where the hospital is too large for one board."""
        if not choice.is_large or self.wanted.doctor_id or self.wanted.department == choice.department:
            return self
        return replace(self, wanted=BoardFilter(department=choice.department))

    def of_doctor(self, doctor_id: UUID) -> str:
        """The address of the board of one doctor."""
        wall = 1 if "wall" in request.args else None
        return url_for("board.page", wall=wall, department=self.wanted.department, doctor=doctor_id)

    @property
    def arguments(self) -> dict[str, Any]:
        """Whose people, as arguments of an address."""
        given = {"department": self.wanted.department, "doctor": self.wanted.doctor_id and str(self.wanted.doctor_id)}
        return {name: value for name, value in given.items() if value}

    def fingerprint(self) -> str:
        """What the board shows, in short."""
        return board.fingerprint(db.session(), self.actor, self.wanted, now=self.now)

    def shown(self, changed: UUID | None = None) -> dict[str, Any]:
        """What the columns' template needs. The fingerprint is taken first: whatever comes between is shown twice."""
        seen = self.fingerprint()
        rows = board.rows(db.session(), self.actor, self.wanted, now=self.now)
        readings = flow.measured(db.session(), self.actor, rows)
        gone = {status: sum(row.status is status for row in rows) for status in AppointmentStatus}
        return {
            "view": self,
            "is_for_wall": "wall" in request.args,
            "seen": seen,
            "columns": flow.columns(flow.cards(rows, self.actor, readings, now=self.now)),
            "no_shows": gone[AppointmentStatus.NO_SHOW],
            "cancelled": gone[AppointmentStatus.CANCELLED],
            "poll": POLL_SECONDS,
            "changed": changed,
        }


@blueprint.get("")
@auth.roles(*LOOKERS)
def page() -> ResponseReturnValue:
    """The whole board."""
    view = View.of_request()
    choice = doctor_choice.choice(
        db.session(), view.actor, department=view.wanted.department, few=MOST_LISTED, chosen=view.wanted.doctor_id
    )
    return render_template("board/page.html", **view.narrowed(choice).shown(), choice=choice)


@blueprint.get("/columns")
@auth.roles(*LOOKERS)
def columns() -> ResponseReturnValue:
    """The columns, when they have changed."""
    view = View.of_request()
    if request.args.get("seen") == view.fingerprint():
        return htmx.unchanged()
    return render_template("board/_columns.html", **view.shown())


@blueprint.post("/<uuid:appointment_id>/status")
@auth.roles(*LOOKERS)
def set_status(appointment_id: UUID) -> ResponseReturnValue:
    """Check somebody in, or undo that."""
    view = View.of_request()
    appointments.get(db.session(), view.actor, appointment_id)  # another hospital's is as good as none
    wanted = next((status for status in SETTABLE if status == request.form.get("status")), None)
    if wanted is None:
        return _again(view, gettext("Choose what to do."), 422)
    version = asked.number(request.args, "version")
    changed = visits.set_status(db.session(), view.actor, appointment_id, wanted, now=view.now, version=version)
    if isinstance(changed, Refusal):
        return _again(view, refusals.sentence(changed), refusals.status(changed))
    words = gettext("%(patient)s: %(place)s.", patient=changed.patient_name, place=status_name(changed.status))
    warning = arrivals.doubt(changed)
    if not htmx.wants_fragment():
        flash(words, "good")
        if warning:
            flash(warning, "warn")
        return redirect(url_for("board.page", **view.arguments), 303)
    answer = render_template("board/_columns.html", **view.shown(changed.id))
    return htmx.trigger(answer, htmx.told(words, warning))


def _again(view: View, sentence: str, status: int) -> ResponseReturnValue:
    """The board as it is now, and why nothing was done."""
    if not htmx.wants_fragment():
        flash(sentence, "bad")
        return redirect(url_for("board.page", **view.arguments), 303)
    answer = make_response(render_template("board/_columns.html", **view.shown()), status)
    return htmx.trigger(answer, {"toast": {"words": sentence, "tone": "bad"}})
