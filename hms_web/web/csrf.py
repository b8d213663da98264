"""Every unsafe request of a browser carries a token that another site cannot know."""

from flask import Flask, abort, request
from flask_wtf.csrf import CSRFProtect

from hms_web.services.sealing import SECRET_KEYS

EXTENSION = "hms_csrf"


def init_app(app: Flask) -> None:
    """Check the token of each unsafe request to a page.

    The JSON API is told apart by its address and asks for itself: a bearer token needs no CSRF token, a browser
    session does.
    """
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the session lasts: a form may stay open over lunch
    # It signs with the last one and takes what any has signed, as the session does by SECRET_KEY_FALLBACKS.
    app.config.setdefault("WTF_CSRF_SECRET_KEY", app.config[SECRET_KEYS][::-1])
    protect = CSRFProtect(app)

    def check() -> None:
        if request.method not in app.config["WTF_CSRF_METHODS"] or is_api():
            return
        if request.is_json:
            abort(415)  # pages take forms; a library of theirs would read JSON too, however deep
        if app.config["WTF_CSRF_ENABLED"]:
            protect.protect()

    app.before_request(check)


def is_api() -> bool:
    """Whether the request is for the JSON API, found or not."""
    return request.path.startswith("/api/")
