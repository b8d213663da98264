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
    if actor.role is Role.DOCTOR:
        return redirect(url_for("my_day.page"))
    if actor.role is Role.NURSE:
        return redirect(url_for("board.page"))
    if actor.role is Role.ADMIN and "overview.index" in current_app.view_functions:
        return redirect(url_for("overview.index"))
    return redirect(url_for("front_desk.page"))
