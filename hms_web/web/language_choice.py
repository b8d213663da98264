"""`/language`: somebody chooses the language of the pages, for themselves or, before they sign in, for this browser."""

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.messages import Language
from hms_web.models import db
from hms_web.services import languages
from hms_web.web import auth
from hms_web.web.language import cookie_name

blueprint = Blueprint("language", __name__)

KEPT_FOR = timedelta(days=365)


@blueprint.post("/language")
def choose() -> ResponseReturnValue:
    """Write the pages in that language from now on, and go back to the page on which it was chosen."""
    try:
        language = Language(request.form.get("language", ""))
    except ValueError:
        abort(400)
    answer = redirect(auth.local_path(request.form.get("next")) or url_for("home.start"), 303)
    who = auth.signed_in()
    if who is not None:
        languages.choose(db.session(), who.actor, language, now=clock.now())
    else:
        is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        answer.set_cookie(cookie_name(), language, max_age=KEPT_FOR, secure=is_secure, httponly=True, samesite="Lax")
    return answer
