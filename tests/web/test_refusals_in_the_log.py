"""A refused request stands in the log with who was refused and why, and without what they sent; of an open page that
asks and is told nothing new there is no line.
"""

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


def test_only_a_poll_that_is_told_something_writes_a_line(desk: Desk) -> None:
    browser = desk.reception()
    address = browser.get("/alerts").all("div", id="alerts")[0].attrib["hx-get"]
    polls = {"X-Poll": "1", "HX-Request": "true"}
    with logged() as log:
        assert browser.client.get(address, headers=polls).status_code == 204
        assert browser.client.get("/alerts/list?seen=other", headers=polls).status_code == 200
        assert browser.client.get("/nowhere", headers=polls).status_code == 404
    lines = [line for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "request"]
    assert [line["status"] for line in lines] == [200, 404]
