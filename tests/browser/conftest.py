"""A running server with a clinic on it, and a receptionist in front of a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.config import Settings
from hms_web.domain.identity import Actor
from hms_web.models import Appointment, User, new_id
from hms_web.services import passwords
from hms_web.web import auth
from tests.processes import Server, serving
from tests.scenes import NOW, Clinic, clinic
from tests.servers import Servers
from tests.web.staff import session_of

PASSWORD = "harbour tulip forty two"
WIDE, TABLET = {"width": 1280, "height": 800}, {"width": 820, "height": 1180}

expect.set_options(timeout=10_000)


def later(screen: Page) -> Page:
    """The same screen after the next poll, which it sends by itself; its context's clock has to be installed."""
    seconds = int(screen.locator("[data-poll]").first.get_attribute("data-poll") or "")
    with screen.expect_response(lambda answer: "x-poll" in answer.request.headers):
        screen.clock.run_for(1000 * (seconds + 1))
    return screen


@pytest.fixture(autouse=True)
def no_violations(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fail a test in which a page of any window breaks the content security policy."""
    found: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            found.append(f"{message.location.get('url')}: {message.text}")

    def open_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("console", listen)
        return context

    new_context = browser.new_context
    monkeypatch.setattr(browser, "new_context", open_context)
    yield found
    assert found == []


@pytest.fixture(scope="session")
def product(servers: Servers, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all browser tests of a worker; each test has a hospital of its own on it."""
    with serving(servers, worker_number, tmp_path_factory.mktemp("browser")) as start:
        yield start(processes=1, env={"HMS_TEST_NOW": NOW.isoformat()})


@dataclass
class Scene:
    """A clinic on its Monday morning at eight, and a page that shows it to the receptionist."""

    clinic: Clinic
    page: Page
    url: str
    doctor_id: UUID
    patient_id: UUID

    def open(self, path: str = "/front-desk") -> Page:
        """Go to a page of the product."""
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def free(self, at: str) -> str:
        """The selector of a free slot of the first doctor."""
        return f'#grid button[aria-label^="{at} free, Dr. 001"]'

    def sign_in(self, context: BrowserContext, actor: Actor) -> Page:
        """Give somebody a window of their own in which they have just signed in, without the form and what it loads."""
        email = f"{new_id()}@demo.test"
        values = {"email": email, "password_hash": passwords.hash_password(PASSWORD)}
        self.clinic.session.execute(sa.update(User).where(User.id == actor.user_id).values(values))
        token = session_of(self.clinic.session, actor)
        context.add_cookies([{"name": "session", "value": signed(token), "url": self.url, "httpOnly": True}])
        return context.new_page()

    def appointments(self) -> list[Appointment]:
        """What is stored, by time."""
        self.clinic.session.expire_all()
        mine = Appointment.hospital_id == self.clinic.actor.hospital_id
        return list(self.clinic.session.scalars(sa.select(Appointment).where(mine).order_by(Appointment.starts_at)))


def signed(token: str) -> str:
    """What the server's cookie says of a session."""
    app = Flask("signing")
    app.secret_key = Settings.from_env({"HMS_ENV": "testing"}).secret_key
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer
    return str(serializer.dumps({auth.TOKEN: token}))


@pytest.fixture
def scene(product: Server, context: BrowserContext, browser_context_args: dict[str, object]) -> Iterator[Scene]:
    """A clinic with two doctors of different slot lengths and one appointment at ten."""
    engine = sa.create_engine(product.database_url)
    with Session(engine, expire_on_commit=False) as session, clock.fixed(NOW):
        place = clinic(session)
        doctor_id, _ = place.doctor(30), place.doctor(20)
        patient_id = place.patient(name="Asha Sharma", phone="+91 98450 12345")
        place.patient(name="Ashok Verma", phone="+91 98450 99999")
        booked = place.patient(name="Maria Silva", phone="+91 98450 77777")
        place.book(doctor_id, booked, time(10))
        # Made below, when the people are known: signing in is part of it.
        scene = Scene(place, None, product.url, doctor_id, patient_id)  # type: ignore[arg-type]
        scene.page = scene.sign_in(context, place.actor)
        scene.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        yield scene
    engine.dispose()


@pytest.fixture
def pictures() -> Path:
    """Where a test may leave what it saw."""
    folder = Path(__file__).parents[2] / "test-results"
    folder.mkdir(exist_ok=True)
    return folder
