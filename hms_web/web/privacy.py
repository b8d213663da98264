"""What browsers and proxies may keep: nothing that could hold a patient's name."""

from flask import Flask, Response

from hms_web.web import htmx


def init_app(app: Flask) -> None:
    """Mark every page as not to be stored, and as different with and without htmx."""
    app.after_request(_keep_nothing)


def _keep_nothing(response: Response) -> Response:
    # Assets have said how long they may be kept; everything else may not be.
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.mimetype == "text/html" or response.status_code in {204, 304}:
        vary(response, htmx.VARY)
    return response


def vary(response: Response, name: str) -> None:
    """Say that the answer depends on a header of the request too.

    As it is written: to take the list apart and together again costs more than the rest of an empty answer.
    """
    present = response.headers.get("Vary")
    response.headers["Vary"] = f"{present}, {name}" if present else name
