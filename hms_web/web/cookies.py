"""The session's cookie: what a browser shows with each request."""

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeTimedSerializer

from hms_web import clock
from hms_web.services.kept import Kept
from hms_web.web.privacy import vary

MOST_COOKIES = 1000


class Cookies(SecureCookieSessionInterface):
    """Flask's session cookies, whose signer is made once for its keys, and which are believed once they were checked.

    A browser sends the same cookie for hours, with each question whether there is anything new.
    """

    def __init__(self) -> None:
        self._made: tuple[object, URLSafeTimedSerializer | None] | None = None
        self._believed = Kept[dict[str, str]](MOST_COOKIES)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs with the app's key and believes those before it; None without a key."""
        keys = app.secret_key, tuple(app.config.get("SECRET_KEY_FALLBACKS") or ())
        if self._made is None or self._made[0] != keys:
            self._made = keys, super().get_signing_serializer(app)
        return self._made[1]

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what a cookie says; nothing where it is not ours, was changed or is too old."""
        signer, shown = self.get_signing_serializer(app), request.environ.get("HTTP_COOKIE")
        key = shown, self._made and self._made[0]
        known = self._believed.get(key, clock.now())
        if known is not None:
            return self.session_class(known)
        if signer is None:
            return super().open_session(app, request)
        written = request.cookies.get(self.get_cookie_name(app)) if shown else None
        if not written:
            return self.session_class()
        lasts = app.permanent_session_lifetime
        try:
            said, signed_at = signer.loads(written, max_age=int(lasts.total_seconds()), return_timestamp=True)
        except BadSignature:
            return self.session_class()
        if all(isinstance(value, str) for value in said.values()):  # what else there is could be changed in place
            self._believed.put(key, said, signed_at + lasts)
        return self.session_class(said)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie where the session is another than before."""
        if session.modified or session.permanent:
            super().save_session(app, session, response)
        elif session.accessed:
            vary(response, "Cookie")
