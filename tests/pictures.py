"""The pictures of the documentation, taken of the demo hospital on a Tuesday morning: `make screenshots`.

The clock stands still and the demo is the same each time, so a picture differs only where the product does.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy.orm import Session

from hms_web.domain.job_health import RunSource
from hms_web.services import demo, demo_house, no_show_check, scheduler_pulse
from tests.browsers import chromium
from tests.processes import Server, serving
from tests.servers import ROOT, started

NOW = datetime(2026, 3, 3, 5, 40, tzinfo=UTC)
"""A Tuesday, 11:10 in Kolkata: some have been seen, some wait, some are still to come."""
FOLDER = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}


def front_desk(page: Page, url: str) -> None:
    page.goto(f"{url}/front-desk")
    page.locator("#grid button", has_text="12:").first.click()
    page.locator("#q").press_sequentially("asha")
    expect(page.locator("[role=option]").nth(3)).to_be_visible()


def week(page: Page, url: str) -> None:
    page.goto(f"{url}/front-desk")
    page.keyboard.press("w")
    expect(page.locator("#grid .col")).to_have_count(7)


def finder(page: Page, url: str) -> None:
    page.goto(f"{url}/front-desk")
    page.keyboard.press("f")
    page.locator("#find-part").select_option("morning")
    page.get_by_role("button", name="Find", exact=True).click()
    page.wait_for_load_state("networkidle")


def affected(page: Page, url: str) -> None:
    page.goto(f"{url}/affected")


def board(page: Page, url: str) -> None:
    page.goto(f"{url}/board")


def vitals(page: Page, url: str) -> None:
    page.goto(f"{url}/board")
    page.get_by_role("link", name="Vitals of").first.click()
    page.get_by_label("Temperature").fill("39,6")
    page.get_by_label("Pulse").fill("104")
    page.get_by_label("Pulse").blur()


def alerts(page: Page, url: str) -> None:
    page.goto(f"{url}/alerts")


def my_day(page: Page, url: str) -> None:
    page.goto(f"{url}/my-day")


def consultation(page: Page, url: str) -> None:
    page.goto(f"{url}/my-day")
    page.get_by_role("link", name="Consultation of").or_(page.get_by_role("button", name="Start with")).first.click()
    page.get_by_label("Chief complaint").fill("Cough for five days")
    page.get_by_label("Diagnoses").fill("J20.9 Acute bronchitis")
    page.get_by_label("Diagnoses").blur()
    page.wait_for_load_state("networkidle")


def leave(page: Page, url: str) -> None:
    page.goto(f"{url}/my-day")
    page.locator("#who summary").click()
    page.get_by_role("link", name="My leave").click()
    days = page.locator("#month button[data-day]:not([disabled])")
    days.nth(2).click()
    days.nth(4).click()
    expect(page.locator("#effect")).to_contain_text("slots close")


def overview(page: Page, url: str) -> None:
    page.goto(f"{url}/overview")


def no_shows(page: Page, url: str) -> None:
    page.goto(f"{url}/no-shows")


def jobs(page: Page, url: str) -> None:
    page.goto(f"{url}/jobs")


def audit(page: Page, url: str) -> None:
    page.goto(f"{url}/audit")


PICTURES: dict[str, tuple[str, Callable[[Page, str], None]]] = {
    "front-desk": ("reception", front_desk),
    "week": ("reception", week),
    "finder": ("reception", finder),
    "affected": ("reception", affected),
    "board": ("nurse", board),
    "vitals": ("nurse", vitals),
    "alerts": ("nurse", alerts),
    "my-day": ("doctor", my_day),
    "leave": ("doctor", leave),
    "consultation": ("doctor", consultation),
    "overview": ("admin", overview),
    "no-shows": ("admin", no_shows),
    "jobs": ("admin", jobs),
    "audit": ("admin", audit),
}
"""By their names: whose screen it is, and how one gets there. Who changes something comes after who only looks."""


@contextmanager
def demo_server(folder: Path) -> Iterator[Server]:
    """A server over the demo hospital, at NOW."""
    with started() as servers, serving(servers, 0, folder) as start:
        server = start(processes=1, env={"HMS_TEST_NOW": NOW.isoformat()})
        engine = sa.create_engine(server.database_url)
        with Session(engine) as session, redis.Redis.from_url(server.redis_url) as client:
            demo.seed(session, now=NOW)
            scheduler_pulse.beat(client, now=NOW)
            pulse = scheduler_pulse.read(client, now=NOW)
            for minutes in range(60, -1, -5):
                now = NOW - timedelta(minutes=minutes)
                no_show_check.check_all(session, RunSource.SCHEDULER, now=now, pulse=pulse)
        engine.dispose()
        yield server


@contextmanager
def signed_in(browser: Browser, url: str, who: str) -> Iterator[Page]:
    """Somebody of the demo in a window of their own."""
    with browser.new_context(viewport=SIZE, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{url}/login")
        page.get_by_label("Email").fill(f"{who}@demo.test")
        page.get_by_label("Password").fill(demo_house.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda there: "/login" not in there)
        yield page


def main(wanted: list[str]) -> int:
    """Take the pictures of these names, or all."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, (who, go) in PICTURES.items():
            if wanted and name not in wanted:
                continue
            with signed_in(browser, server.url, who) as page:
                go(page, server.url)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{name}.png")
                sys.stdout.write(f"docs/images/{name}.png\n")
        browser.close()
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
