"""What htmx asks and what it is told. The one module that knows its headers.

htmx-flask reads the request's headers; its own response helper accepts only some of htmx's swaps and sets no `Vary`,
so the answer's headers are written here.
"""

import json
import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, request
from flask.typing import ResponseReturnValue
from htmx_flask import Htmx
from htmx_flask.requests import HtmxHeaders

VARY = "HX-Request"
SWAPPED = frozenset({409, 422})
"""Refusals that the pages swap in whoever answers; of the others only those that say where they want to stand."""
_ID = re.compile(r"[A-Za-z][\w-]*", re.ASCII)


def init_app(app: Flask) -> None:
    """Give requests their `htmx` attribute, and refusals that a view has rendered their place."""
    Htmx(app)
    app.after_request(_stand_where_asked)


def _stand_where_asked(response: Response) -> Response:
    """Let a view's own 403 or 404 stand where its part was asked for; else the page would only say that it failed."""
    if not 400 <= response.status_code < 500 or response.status_code in SWAPPED:  # noqa: PLR2004
        return response
    is_part = response.mimetype == "text/html" and not {"HX-Retarget", "HX-Redirect"} & set(response.headers.keys())
    place = target() if is_part and wants_fragment() else None
    return retarget(response, f"#{place}") if place and _ID.fullmatch(place) else response


def headers() -> HtmxHeaders:
    """Htmx's headers of the present request."""
    return cast("HtmxHeaders", request.htmx)  # type: ignore[attr-defined]


def wants_fragment() -> bool:
    """Whether htmx asks for a part of a page; a history restore wants the whole of it."""
    asked = headers()
    return bool(asked) and not asked.history_restore_request and not asked.boosted


def target() -> str | None:
    """The id of the element the answer will be swapped into."""
    return cast("str | None", headers().target)


def current_path() -> str | None:
    """The path and query of the page the person is looking at, without its origin."""
    url = headers().current_url
    if not url:
        return None
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def trigger(answer: ResponseReturnValue, events: Mapping[str, object]) -> Response:
    """Tell the page to fire events, each with its detail, once the answer is swapped in."""
    response = make_response(answer)
    # ASCII, because a header holds nothing else: a patient's name in a message would break it.
    response.headers["HX-Trigger-After-Settle"] = json.dumps(dict(events), ensure_ascii=True)
    return response


def told(words: str, warning: str | None = None) -> dict[str, object]:
    """Return the events that read out what was done and, where there is a warning, let that stand in the corner."""
    said: dict[str, object] = {"announce": {"value": words}}
    return said | {"toast": {"words": warning, "tone": "warn"}} if warning else said


def reswap(answer: ResponseReturnValue, how: str) -> Response:
    """Swap the answer in another way than the element says: `none`, `outerHTML`, `beforeend show:bottom`, ..."""
    response = make_response(answer)
    response.headers["HX-Reswap"] = how
    return response


def retarget(answer: ResponseReturnValue, selector: str) -> Response:
    """Swap the answer into another element than the one that asked."""
    response = make_response(answer)
    response.headers["HX-Retarget"] = selector
    return response


def push_url(answer: ResponseReturnValue, path: str) -> Response:
    """Show `path` in the address bar, as a step one can go back from."""
    response = make_response(answer)
    response.headers["HX-Push-Url"] = path
    return response


def replace_url(answer: ResponseReturnValue, path: str) -> Response:
    """Show `path` in the address bar in place of what stood there."""
    response = make_response(answer)
    response.headers["HX-Replace-Url"] = path
    return response


def redirect(path: str, status: int = 200) -> Response:
    """Send the whole page to a local path. htmx obeys whatever the status is."""
    response = make_response("", status)
    response.headers["HX-Redirect"] = path
    return response


def unchanged() -> Response:
    """Nothing new: htmx leaves the page as it is."""
    return Response(status=204)
