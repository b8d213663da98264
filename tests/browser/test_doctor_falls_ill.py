"""A doctor falls ill with a full day: entered on the screen, everybody moved on the screen, told by a provider.

Three people look at it: the doctor, who asks for leave and sees whom that concerns; the front desk, which finds
everybody another time, those who wait in the house too; and a provider of text messages, which gets them by HTTP.
Nobody is lost, doubled or untold.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from hms_web import clock
from hms_web.config import Settings
from hms_web.domain.notifications import Channel
from hms_web.domain.visits import AppointmentStatus
from hms_web.jobs import messages
from hms_web.models import Appointment, Notification, Patient
from hms_web.services import providers, visits
from tests import invariants
from tests.browser.axe import check_axe
from tests.browser.conftest import WIDE, Scene
from tests.jobs.fake_provider import Provider, provided
from tests.processes import Server
from tests.scenes import MONDAY, NOW
from tests.services.affected_scenes import TUESDAY
from tests.visit_scenes import acting

pytestmark = pytest.mark.browser

PATIENTS, HERE = 28, 2


@pytest.fixture
def provider(scene: Scene, product: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider of text messages, which the hospital uses; the worker's environment names the server's database."""
    monkeypatch.setenv("DATABASE_URL", product.database_url)
    monkeypatch.setenv("REDIS_URL", product.redis_url)
    monkeypatch.setenv("HMS_PROVIDER_HOSTS", "127.0.0.1")
    here, secret = scene.clinic, Settings.from_env().secret_key
    with provided() as provider:
        providers.put(
            here.session, here.admin, Channel.SMS, provider.url, secret=secret, now=NOW, allowed=["127.0.0.1"]
        )
        yield provider


@pytest.fixture
def full_day(scene: Scene) -> tuple[UUID, list[UUID]]:
    """A doctor with every slot of the morning taken; the first two patients are here."""
    here = scene.clinic
    doctor = here.doctor(15, maximum=100, pause=None)
    ids = [
        here.book(doctor, here.patient(name=f"Person {number:02} Rao"), time(9 + number // 4, 15 * (number % 4))).id
        for number in range(PATIENTS)
    ]
    for key in ids[:HERE]:
        visits.set_status(here.session, here.actor, key, AppointmentStatus.CHECKED_IN, now=NOW)
    return doctor, ids


def deliver(minutes: float) -> None:
    """Let the worker run, so many minutes later."""
    with clock.fixed(NOW + timedelta(minutes=minutes)):
        messages.deliver()


def test_a_full_day_is_moved_and_everybody_is_told(
    scene: Scene, browser: Browser, provider: Provider, full_day: tuple[UUID, list[UUID]]
) -> None:
    doctor, ids = full_day
    deliver(0)
    with browser.new_context(viewport=WIDE) as context:  # type: ignore[arg-type]
        bed = scene.sign_in(context, acting(scene.clinic, doctor))
        bed.goto(f"{scene.url}/doctors/{doctor}/absences")
        bed.get_by_role("button", name=re.compile("^Monday 2 March")).click()
        bed.locator("#absence_type").select_option("SICK_LEAVE")
        effect = bed.locator("#effect")
        expect(effect).to_contain_text(f"{PATIENTS} appointments lie in this time.")
        expect(effect).to_contain_text(f"{HERE} patients are here already")
        expect(effect).to_contain_text("Person 00 Rao")
        check_axe(bed)
        bed.get_by_role("button", name="Enter the leave").click()
        expect(bed.locator("main")).to_contain_text(f"{PATIENTS} appointments need seeing to.")
    deliver(1)

    desk = scene.open()
    expect(desk.locator("main")).to_contain_text(f"{HERE} patients who are here to see to")
    desk.get_by_role("link", name="Needs attention").click()
    check_axe(desk)
    desk.get_by_role("button", name=f"Plan all {PATIENTS}").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"Plan for {PATIENTS} appointments")
    expect(desk.locator("main")).to_contain_text("Who is here is told by you")
    check_axe(desk)
    desk.get_by_role("button", name="Apply plan").first.click()
    expect(desk.get_by_role("heading", level=1)).to_have_text(f"{PATIENTS} done")
    deliver(3)
    desk.get_by_role("link", name="Needs attention").click()
    expect(desk.locator("main")).to_contain_text("Nobody needs attention.")
    desk.goto(f"{scene.url}/messages/to-phone")
    expect(desk.locator("main")).to_contain_text("Nobody has to be phoned.")

    nobody_is_lost(scene, doctor, ids)
    everybody_was_told(scene, provider, ids)
    invariants.check(scene.clinic.session.connection())
    scene.clinic.session.rollback()


def nobody_is_lost(scene: Scene, doctor: UUID, ids: list[UUID]) -> None:
    """Who was at home comes tomorrow, who is here is seen today by a colleague; nobody stands there twice."""
    rows = {row.id: row for row in scene.appointments()}
    assert len(rows) == PATIENTS + 1, "the colleague's own patient, and everybody once"
    waiting, moved = [rows[key] for key in ids[:HERE]], [rows[key] for key in ids[HERE:]]
    assert {(row.date, row.status, row.affected_cause) for row in waiting} == {(MONDAY, "CHECKED_IN", None)}
    assert doctor not in {row.doctor_id for row in waiting}
    assert {(row.date, row.status, row.affected_cause, row.doctor_id) for row in moved} == {
        (TUESDAY, "SCHEDULED", None, doctor)
    }


def everybody_was_told(scene: Scene, provider: Provider, ids: list[UUID]) -> None:
    """Each patient at home got three messages in order, each once; who is here is spoken to, and was sent none."""
    heard: dict[str, list[str]] = defaultdict(list)
    for message in provider.delivered:
        heard[message["to"]].append(message["message"])
    session = scene.clinic.session
    query = sa.select(Patient.phone, Appointment.id).join(Appointment, Appointment.patient_id == Patient.id)
    phones = {key: phone or "" for phone, key in session.execute(query)}
    for number, key in enumerate(ids):
        told = heard[phones[key]]
        assert len(told) == (0 if number < HERE else 3), (number, told)
        if number >= HERE:
            assert "Monday 2 March" in told[0]
            assert "Tuesday 3 March" in told[2]
    assert len(provider.keys) == len(provider.requests) == len(provider.delivered), "nothing was sent twice"
    waits = session.scalar(sa.select(sa.func.count()).where(Notification.state == "QUEUED"))
    session.rollback()
    assert waits == 0
