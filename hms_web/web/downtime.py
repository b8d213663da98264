"""The day's list as one file that opens without the network: saved each morning, for when nothing works."""

import base64
import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Actor, Role
from hms_web.models import db
from hms_web.services import downtime
from hms_web.services.downtime import DowntimeList
from hms_web.web import asked, auth, language

blueprint = Blueprint("downtime", __name__)

SAVERS = (Role.ADMIN, Role.NURSE, Role.RECEPTIONIST)
EMPTY_LINES = 6
"""Lines a doctor for who comes unannounced."""


@blueprint.get("/front-desk/downtime.html")
@auth.roles(*SAVERS)
def save() -> ResponseReturnValue:
    """The list of a day, of the doctors whom the address names, as a file to keep."""
    actor, now = auth.actor(), clock.now()
    day = asked.day(request.args, "date") or clock.today(actor.zone)
    doctor, department = asked.key(request.args, "doctor"), asked.text(request.args, "department")
    found = downtime.take(db.session(), actor, day, department=department, doctor_id=doctor, now=now)
    who = auth.signed_in()
    response = Response(
        document(found, actor, who.hospital_name if who else ""), content_type="text/html; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(found)}"'
    return response


def file_name(found: DowntimeList) -> str:
    """What the file is called: its day, and nothing of a patient."""
    return f"day-list-{found.day}.html"


def document(found: DowntimeList, actor: Actor, hospital: str) -> str:
    """The whole file. It loads nothing and runs nothing, and says so to the browser that opens it."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render_template(
        "downtime/list.html",
        found=found,
        hospital=hospital,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        made_at=_local(actor, found.made_at),
        full_date=language.full_date,
        long_date=language.long_date,
        empty_lines=EMPTY_LINES,
    )


def _local(actor: Actor, instant: datetime) -> str:
    at = instant.astimezone(actor.zone)
    return f"{language.full_date(at.date())}, {at:%H:%M}"


@cache
def _style() -> str:
    return (Path(current_app.root_path).parent / "static" / "css" / "downtime.css").read_text()
