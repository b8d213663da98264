"""The addresses of message providers: what one has to look like, and how much of it may be shown."""

import re
from urllib.parse import quote

from hms_web.domain.notifications import Channel
from hms_web.domain.phrases import phrase
from hms_web.domain.validation import line_mistake

RECIPIENT = "{to}"
"""Stands in a provider's address where the recipient's number or e-mail address goes."""

LONGEST_URL = 1000
CHANNELS = (Channel.SMS, Channel.EMAIL)

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,30})://[^\s/]", re.ASCII | re.IGNORECASE)
# These would speak on the server's own screen or in its own log and reach no patient.
_LOCAL = frozenset(
    {"blink1", "dbus", "file", "glib", "gnome", "growl", "kde", "kodi", "macosx", "qt", "rsyslog", "syslog", "windows"}
)
_COUNTRY = re.compile(r"[^\d+]")


def url_mistake(url: str) -> str | None:
    """Say what is wrong with a provider's address; only its shape is looked at, a test message tells the rest."""
    wrong = line_mistake(url, LONGEST_URL)
    if wrong is not None:
        return wrong
    found = _SCHEME.match(url.strip())
    if found is None:
        return phrase("Write an address like twilio://…, mailtos://… or jsons://…; docs/operations.md has examples.")
    if found[1].lower() in _LOCAL:
        return phrase("This kind of address speaks to the server's own machine and reaches nobody else.")
    if RECIPIENT not in url:
        return phrase("Put {to} where the recipient's number or e-mail address goes.")
    return None


def masked(url: str) -> str:
    """Return what may be shown of an address: how it begins. The rest holds credentials."""
    return f"{url.partition('://')[0]}://••••"


def addressed(url: str, to: str) -> str:
    """Return the address with a recipient in it, written so that it stays one part of the address."""
    return url.replace(RECIPIENT, quote(to, safe=""))


def dialled(phone: str) -> str:
    """Return a phone number as providers take it: digits, with a leading + where it was written."""
    digits = _COUNTRY.sub("", phone)
    return digits[:1] + digits[1:].replace("+", "")
