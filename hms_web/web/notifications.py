"""`/notifications`: one's own inbox, and how many unread ones there are."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.models import db
from hms_web.services import inbox
from hms_web.web import asked, auth
from hms_web.web.language import ngettext

blueprint = Blueprint("notifications", __name__)

ROWS = 50


@blueprint.get("/notifications")
@auth.roles()
def index() -> ResponseReturnValue:
    """The newest first."""
    cursor = asked.text(request.args, "cursor")
    page = inbox.entries(db.session(), auth.actor(), limit=ROWS, cursor=cursor)
    return render_template("notifications/index.html", page=page, cursor=cursor, most=inbox.MOST_COUNTED)


@blueprint.post("/notifications/<uuid:notification_id>/read")
@auth.roles()
def read(notification_id: UUID) -> ResponseReturnValue:
    """Mark one as read, and go on to what it speaks of if that was asked for."""
    entry = inbox.mark_read(db.session(), auth.actor(), notification_id, now=clock.now())
    there = auth.local_path(entry.link) if request.form.get("do") == "open" else None
    return redirect(there or url_for("notifications.index"), 303)


@blueprint.post("/notifications/read-all")
@auth.roles()
def read_all() -> ResponseReturnValue:
    """Mark all as read."""
    count = inbox.mark_all_read(db.session(), auth.actor(), now=clock.now())
    flash(ngettext("%(num)d marked as read.", "%(num)d marked as read.", count), "good")
    return redirect(url_for("notifications.index"), 303)
