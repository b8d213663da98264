"""Hands messages to providers through Apprise, which speaks to some hundred of them by URL. Only for the worker.

Apprise says whether it worked, and not why it did not. So its HTTP calls are watched: the provider's status decides
whether to try again, every call carries the message's key, redirects are not followed, and nothing waits for long.
"""

import logging
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import structlog
from rq.timeouts import BaseTimeoutException

from hms_web import clock
from hms_web.domain.delivery import Answer, Outcome, Reason, outcome_of_status
from hms_web.domain.networks import is_inside
from hms_web.domain.notifications import Channel
from hms_web.domain.providers import addressed, is_mail
from hms_web.logs import REQUEST_ID_HEADER, current
from hms_web.services import lookup
from hms_web.services.delivery import Outgoing

CONNECT_SECONDS, READ_SECONDS = 4.0, 10.0
_BAD_REQUEST = 400
KEY_HEADER = "Idempotency-Key"
log = structlog.get_logger(__name__)


@dataclass
class Heard:
    """What the provider answered to the last HTTP call, if one was made and answered."""

    status: int | None = None
    wait: timedelta | None = None


def send(message: Outgoing, *, allowed: Collection[str] = ()) -> Outcome:
    """Hand a message to its provider and say what came of it; raises nothing that a provider could cause.

    Nothing is connected to that lies inside the network, but mail servers and the hosts that are `allowed`.
    """
    # Takes most of a second, and is needed only where there is something to send.
    from apprise import Apprise, AppriseAsset, NotifyFormat  # noqa: PLC0415

    logging.getLogger("apprise").disabled = True  # it writes recipients into its lines
    asset = AppriseAsset(app_id="HMS", app_desc="", app_url="", async_mode=False, http_redirects=False)
    plugin: Any = Apprise.instantiate(addressed(message.url, message.to), asset=asset)
    if plugin is None:
        return Outcome(Answer.MISCONFIGURED, Reason.BAD_PROVIDER)
    if getattr(plugin, "targets", None) == []:  # some would then send to the sender
        return Outcome(Answer.NEVER, Reason.BAD_ADDRESS)
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    title = "" if message.channel is Channel.SMS else message.title
    guard, began = _Guard(None if is_mail(message.url) else allowed), time.monotonic()
    with watched(message.key) as heard, guarded(guard):
        try:
            is_sent = bool(plugin.notify(body=message.body, title=title, body_format=NotifyFormat.TEXT))
        except BaseTimeoutException:
            raise
        except Exception as error:  # noqa: BLE001 a hundred plugins, and none may hold up the other messages
            log.warning("provider_failed", error=type(error).__name__)
            is_sent = False
    status, took = heard.status, round((time.monotonic() - began) * 1000, 1)
    log.info("provider_called", key=message.key, channel=message.channel, is_sent=is_sent, status=status, ms=took)
    if is_sent:
        return Outcome(Answer.SENT)
    if guard.has_refused:
        return Outcome(Answer.MISCONFIGURED, Reason.INSIDE_NETWORK)
    if status is None or status < _BAD_REQUEST:
        return Outcome(Answer.LATER, Reason.UNREACHABLE)
    return outcome_of_status(status, heard.wait)


@dataclass
class _Guard:
    """Looks at each address that is connected to; `allowed` are the hosts inside that may be, None allows all."""

    allowed: Collection[str] | None
    has_refused: bool = False

    def refuse(self, address: object) -> None:
        """Raise OSError for an address inside the network."""
        if self.allowed is None or not isinstance(address, tuple):
            return
        host = str(address[0])
        if is_inside(host) and not any(host in lookup.addresses(name) for name in self.allowed):
            self.has_refused = True
            message = "This address lies inside the network."
            raise OSError(message)


@contextmanager
def guarded(guard: _Guard) -> Iterator[None]:
    """Look at every connection that is opened meanwhile, by its address.

    A name may lead elsewhere from one look to the next, so what counts is where the connection goes. The worker runs
    each job in a process of its own with one thread, so nobody else's connections are touched.
    """
    plain = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 as sockets have it
        guard.refuse(address)
        plain(self, address)

    _replace_connecting(connect)
    try:
        yield
    finally:
        _replace_connecting(plain)


def _replace_connecting(function: Callable[[socket.socket, Any], None]) -> None:
    socket.socket.connect = function  # type: ignore[method-assign,assignment]  # below all that a hundred plugins use


@contextmanager
def watched(key: str) -> Iterator[Heard]:
    """Note how HTTP calls are answered meanwhile, and put the message's key on each.

    The worker runs each job in a process of its own with one thread, so nobody else's calls are touched.
    """
    heard, plain = Heard(), requests.Session.send

    def listening(session: requests.Session, request: requests.PreparedRequest, **given: Any) -> requests.Response:  # noqa: ANN401
        request.headers[KEY_HEADER] = key
        if request_id := current():
            request.headers[REQUEST_ID_HEADER] = request_id
        heard.status = heard.wait = None
        response: requests.Response = plain(session, request, **given)
        heard.status, heard.wait = response.status_code, asked_wait(response.headers.get("Retry-After"))
        return response

    _replace_sending(listening)
    try:
        yield heard
    finally:
        _replace_sending(plain)


def _replace_sending(function: Callable[..., requests.Response]) -> None:
    requests.Session.send = function  # type: ignore[method-assign]  # apprise (by way of requests) gives no other handle


def asked_wait(header: str | None) -> timedelta | None:
    """Read a Retry-After header: seconds, or a date; None for what is neither or has gone by."""
    if header is None:
        return None
    if header.strip().isdigit():
        return timedelta(seconds=min(int(header), 86_400))
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - clock.now()
    return max(wait, timedelta()) or None
