"""A refused request stands in the log with who was refused and why, and without what they sent."""

import json

from flask import Flask
from flask.testing import FlaskClient

from tests.api.callers import caller_of
from tests.web.pages import Browser
from tests.web.record_scenes import Desk
from tests.web.test_unforeseen import CANARY, logged


def test_a_refusal_names_the_person_and_the_reason(app: Flask, client: FlaskClient, desk: Desk) -> None:
    mine = desk.clinic.actor
    browser, program = desk.reception(), caller_of(app.test_client(), desk.clinic, mine)
    with logged() as log:
        browser.get("/audit")
        browser.client.post("/front-desk/patients", data={"q": CANARY})
        browser.get("/front-desk")
        program.get("/users")
        program.post("/patients", {"name": CANARY})
        Browser(client).get("/front-desk")
        client.post("/front-desk/patients", data={"q": CANARY})
    lines = [line for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "request"]
    found = [(line["status"], line.get("user"), line.get("reason")) for line in lines]
    me = str(mine.user_id)
    assert found == [
        (403, me, "Forbidden"),
        (400, me, "CSRFError"),
        (200, me, None),
        (403, me, "FORBIDDEN"),
        (422, me, "INVALID_INPUT"),
        (303, None, None),
        (200, None, None),
        (400, None, "CSRFError"),
    ]
    assert CANARY not in log.getvalue()
