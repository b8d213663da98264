"""What a page weighs: a first visit with all its assets, and a part that is swapped (quality.md, Fast)."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from tests.web.desk_scenes import KIBIBYTE
from tests.web.pages import HX, Browser
from tests.web.record_scenes import Desk

ZIPPED = {"Accept-Encoding": "br;q=1.0, gzip;q=0.8"}
FIRST_VISIT, FRAGMENT = 100 * KIBIBYTE, 20 * KIBIBYTE
PAGES = ("/front-desk", "/board", "/alerts", "/patients", "/appointments")
PARTS = ("/front-desk/grid", "/front-desk/day", "/board/columns", "/alerts/list")
IMPORTED = re.compile(r'(?:from|import)\s*"\./([\w.]+)"')


def assets_of(client: FlaskClient, html: str) -> dict[str, bytes]:
    """Everything that a browser fetches for a page, as it travels: its links, its scripts and what those import."""
    wanted = re.findall(r'(?:href|src)="(/assets/[^"]+)"', html)
    found: dict[str, bytes] = {}
    while wanted:
        address = wanted.pop()
        if address in found:
            continue
        with client.get(address, headers=ZIPPED) as answer:
            assert answer.headers["Content-Encoding"] == "gzip", address
            assert "immutable" in answer.headers["Cache-Control"]
            found[address] = answer.data
        text = gzip.decompress(found[address]).decode()
        folder = address.rpartition("/")[0]
        wanted += [f"{folder}/{name}" for name in IMPORTED.findall(text)] if address.endswith(".js") else []
    return found


def weighed(browser: Browser, path: str) -> int:
    html = browser.client.get(path).text
    return len(gzip.compress(html.encode())) + sum(map(len, assets_of(browser.client, html).values()))


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Ten doctors work, and everybody has come."""
    for _ in range(9):
        desk.clinic.doctor()
    return desk


def test_a_first_visit_is_light(busy: Desk) -> None:
    browser = busy.doctor()
    weights = {path: weighed(browser, path) for path in PAGES}
    assert {path: weight for path, weight in weights.items() if weight >= FIRST_VISIT} == {}
    assert min(weights.values()) > 10 * KIBIBYTE, "or nothing was found that weighs anything"


def test_a_part_is_lighter(busy: Desk) -> None:
    browser = busy.doctor()
    weights = {path: len(gzip.compress(browser.client.get(path, headers=HX).text.encode())) for path in PARTS}
    assert {path: weight for path, weight in weights.items() if weight >= FRAGMENT} == {}


def test_an_asset_is_the_same_in_either_form_and_is_not_sent_twice(busy: Desk) -> None:
    client = busy.doctor().client
    (address,) = re.findall(r'"(/assets/\w+/css/base\.css)"', client.get("/alerts").text)
    with client.get(address) as plain, client.get(address, headers=ZIPPED) as pressed:
        assert plain.data == gzip.decompress(pressed.data)
        assert "Content-Encoding" not in plain.headers
        assert plain.mimetype == pressed.mimetype == "text/css"
        assert len(pressed.data) * 2 < len(plain.data)
        assert "Accept-Encoding" in plain.headers["Vary"]
        etag = pressed.headers["ETag"]
    with client.get(address, headers=ZIPPED | {"If-None-Match": etag}) as again:
        assert (again.status_code, again.data) == (304, b"")
