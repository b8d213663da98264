"""`/`: each role's own start page."""

from flask import Blueprint, current_app, redirect, url_for
from flask.typing import ResponseReturnValue

from hms_web.domain.identity import Role
from hms_web.web import auth

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@auth.roles()
def start() -> ResponseReturnValue:
    """Go to where this person's work is."""
    actor = auth.actor()
    if actor.role is Role.DOCTOR and actor.doctor_id and "schedules.page" in current_app.view_functions:
        return redirect(url_for("schedules.page", doctor_id=actor.doctor_id))
    if actor.role is Role.ADMIN and "users.index" in current_app.view_functions:
        return redirect(url_for("users.index"))
    return redirect(url_for("front_desk.page"))
