"""The browser somebody signs in with: what it says it is, and whether that person has signed in with it before.

A browser in which somebody has signed in has its failures counted by itself: whoever guesses at another machine, also
behind the same address, cannot keep them out. The cookie holds a random number and hashes, signed; it signs nobody in.
"""

import secrets

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from hms_web.services.counting import hashed
from hms_web.services.sealing import SECRET_KEYS

YEAR = 365 * 24 * 60 * 60
# A desk that many share still remembers those who come often.
MOST = 30
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def words() -> str | None:
    """What the browser says it is, like "Firefox, Windows"; None where it says nothing that is known."""
    agent = request.headers.get("User-Agent", "")
    found = (next((name for part, name in known if part in agent), None) for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name) or None


def known(email: str) -> str | None:
    """The browser's number, if somebody has signed in with this address here before."""
    number, people = _read()
    return number if _hash(number, email) in people else None


def remember(response: Response, email: str) -> Response:
    """Note that somebody has signed in here."""
    number, people = _read()
    mine = _hash(number, email)
    kept = [mine, *(one for one in people if one != mine)][:MOST]
    response.set_cookie(
        _name(),
        _serializer().dumps([number, kept]),
        max_age=YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _serializer() -> URLSafeSerializer:
    # The last key signs, and what any has signed is taken.
    return URLSafeSerializer(current_app.config[SECRET_KEYS][::-1], salt="hms devices")


def _hash(number: str, email: str) -> str:
    return hashed(f"{number} {email.strip().lower()}")


def _read() -> tuple[str, list[str]]:
    try:
        number, people = _serializer().loads(request.cookies.get(_name(), ""))
    except (BadSignature, ValueError, TypeError):
        return secrets.token_urlsafe(16), []
    return str(number), list(people)
