"""The addresses of message providers: what one has to look like, and how much of it may be shown."""

import re
from urllib.parse import SplitResult, quote, urlsplit

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
# Of these the address names the host that is called by HTTP; each has a twin with an s. Of others it names an account.
_OWN_HOST = frozenset(
    {"apprise", "bark", "emby", "enigma2", "evolution", "fluxer", "form", "goalert", "gorush", "gotify", "hassio",
     "humhub", "jellyfin", "json", "lametric", "mastodon", "matrix", "misskey", "mmost", "ncloud", "nctalk", "notica",
     "notifico", "ntfy", "onebot", "parsep", "pinglet", "pjet", "pushdeer", "rocket", "session", "signal", "smseagle",
     "synology", "toot", "trigv", "xml"}
)  # fmt: skip
_MAIL = frozenset({"mailto", "mailtos"})
INSIDE = phrase(
    "This address leads inside the network, where no provider is. HMS_PROVIDER_HOSTS can allow a host by name."
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


def host_of(url: str) -> str | None:
    """Return the host that an address names, if it names one that is called by HTTP; what is written wrong names none.

    An account's name, which stands in the same place in other addresses, is nobody's to look up.
    """
    parts = _parts(url)
    if parts is None or not {parts.scheme, parts.scheme.removesuffix("s")} & _OWN_HOST:
        return None
    return parts.hostname


def is_mail(url: str) -> bool:
    """Whether an address is a mail server's, which often stands inside."""
    parts = _parts(url)
    return parts is not None and parts.scheme in _MAIL


def asks_for_tls(url: str) -> bool:
    """Whether messages go to an address encrypted, as far as it can say: of what is called by HTTP, and of mail, the
    kinds that end in an s. Of others the address names an account at a service, which is called over TLS.
    """
    parts = _parts(url)
    return parts is None or (parts.scheme not in _OWN_HOST and parts.scheme != "mailto")


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return parts if parts.hostname else None


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
