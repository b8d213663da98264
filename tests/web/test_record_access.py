"""Who may see and do what among the records, and that another hospital's are as good as none.

Who may use which route stands in one table for all pages, that of test_access; here real records stand behind the ids.
"""

from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.consultations import ParticipantRole
from hms_web.domain.identity import Role
from hms_web.models import (
    AffectedBatch,
    ApiToken,
    CalendarLink,
    ConsultationParticipant,
    HospitalHoliday,
    LoginSession,
    Notification,
    StageAlert,
    User,
    new_id,
)
from hms_web.services import consultation_team, stage_alerts
from hms_web.web.records import BLUEPRINTS
from tests.scenes import MONDAY, NOW, Clinic, clinic
from tests.visit_scenes import acting, arrived, seen
from tests.web.pages import Browser
from tests.web.record_scenes import Desk
from tests.web.test_access import TABLE

WORDS = {
    "event": "appointment.booked",
    "language": "en",
    "channel": "sms",
    "token": "none",
    "secret": "none",
    "name": "waits",
}
"""What stands in addresses beside ids."""


def routes(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return method and address pattern of every endpoint of records."""
    names = {blueprint.name for blueprint in BLUEPRINTS}
    found = {}
    for rule in desk.app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in names:
            method = "POST" if "POST" in (rule.methods or set()) else "GET"
            found[rule.endpoint] = (method, rule.rule)
    return found


def is_public(endpoint: str) -> bool:
    return None in TABLE[endpoint]


def address(pattern: str, ids: dict[str, UUID]) -> str:
    for name, key in ids.items():
        pattern = pattern.replace(f"<uuid:{name}>", str(key))
    for name, value in WORDS.items():
        pattern = pattern.replace(f"<{name}>", value)
    assert "<" not in pattern, pattern
    return pattern


@pytest.fixture
def without_tokens(desk: Desk) -> None:
    """Ask forms for no token, else a page would have to be read for each; that they do ask is a test of its own."""
    desk.app.config["WTF_CSRF_ENABLED"] = False


def ask(browser: Browser, method: str, url: str) -> int:
    return browser.client.open(url, method=method).status_code


def ids_of(place: Clinic, doctor_id: UUID, appointment_id: UUID, patient_id: UUID) -> dict[str, UUID]:
    session, hospital_id = place.session, place.actor.hospital_id
    holiday = HospitalHoliday(id=new_id(), hospital_id=hospital_id, name="Day", date=MONDAY.replace(day=28))
    batch = AffectedBatch(id=new_id(), hospital_id=hospital_id, created_at=NOW)
    row = {"user_id": place.actor.user_id, "created_at": NOW, "expires_at": NOW + timedelta(days=1)}
    opened = LoginSession(**row, token_hash=str(new_id()), last_seen_at=NOW)
    token = ApiToken(**row, token_hash=str(new_id()))
    of_doctor = {"hospital_id": hospital_id, "doctor_id": doctor_id, "created_at": NOW}
    link = CalendarLink(id=new_id(), name="Phone", token_hash=str(new_id()), **of_doctor)
    session.add_all([holiday, batch, opened, token, link])
    session.commit()
    consultation, waiting = seen(place, doctor_id, time(11)), arrived(place, doctor_id, time(12))
    leader, asked = acting(place, doctor_id), place.doctor()
    consultation_team.add(session, leader, consultation.id, asked, ParticipantRole.CONSULTING, now=NOW)
    stage_alerts.scan(session, place.actor, now=NOW + timedelta(hours=1))
    mine = {table: table.hospital_id == hospital_id for table in (ConsultationParticipant, Notification, StageAlert)}
    assert place.actor.user_id
    return {
        "doctor_id": doctor_id,
        "appointment_id": appointment_id,
        "patient_id": patient_id,
        "absence_id": place.absence(doctor_id, MONDAY.replace(day=30), MONDAY.replace(day=30)),
        "holiday_id": holiday.id,
        "user_id": place.actor.user_id,
        "session_id": opened.id,
        "token_id": token.id,
        "link_id": link.id,
        "batch_id": batch.id,
        "consultation_id": consultation.id,
        "participant_id": session.scalars(
            sa.select(ConsultationParticipant.id).where(mine[ConsultationParticipant])
        ).one(),
        "alert_id": session.scalars(sa.select(StageAlert.id).where(StageAlert.appointment_id == waiting)).one(),
        "message_id": session.scalars(sa.select(Notification.id).where(mine[Notification]).limit(1)).one(),
        "notification_id": session.scalars(sa.select(Notification.id).where(mine[Notification]).limit(1)).one(),
    }


def somebody_who(desk: Desk, may: frozenset[Role] | frozenset[Role | None]) -> Browser:
    """Sign in whom a route is for: what they are told is then the word about the record, not about the role."""
    if Role.ADMIN in may:
        return desk.admin()
    return desk.doctor() if Role.DOCTOR in may else desk.reception()


@pytest.mark.usefixtures("without_tokens")
@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR])
def test_other_roles_are_kept_out_and_the_button_is_not_the_protection(desk: Desk, role: Role) -> None:
    ids = ids_of(desk.clinic, desk.doctor_id, desk.booked.id, desk.patient_id)
    if role is Role.DOCTOR:
        browser = desk.doctor()
    else:
        desk.session.get_one(User, desk.clinic.actor.user_id).role = role
        desk.session.commit()
        browser = desk.reception()
    for endpoint, (method, pattern) in routes(desk).items():
        if is_public(endpoint):
            continue
        status = ask(browser, method, address(pattern, ids))
        assert (status != 403) is (role in TABLE[endpoint]), (endpoint, status)
        assert status < 500, endpoint


def test_a_stranger_is_asked_to_sign_in(desk: Desk) -> None:
    ids = ids_of(desk.clinic, desk.doctor_id, desk.booked.id, desk.patient_id)
    browser = Browser(desk.app.test_client())
    for endpoint, (method, pattern) in routes(desk).items():
        if is_public(endpoint) or method == "POST":
            continue
        answer = browser.client.get(address(pattern, ids))
        assert answer.status_code == 303, endpoint
        assert answer.location.startswith("/login"), endpoint


def test_nothing_is_changed_without_the_token_of_the_form(desk: Desk) -> None:
    ids = ids_of(desk.clinic, desk.doctor_id, desk.booked.id, desk.patient_id)
    browser = desk.admin()
    for endpoint, (method, pattern) in routes(desk).items():
        if method == "POST":
            assert browser.client.post(address(pattern, ids)).status_code == 400, endpoint


@pytest.mark.usefixtures("without_tokens")
def test_another_hospitals_records_are_as_good_as_none(desk: Desk) -> None:
    there = clinic(desk.session, "Asia/Dubai")
    doctor_id, patient_id = there.doctor(), there.patient()
    booked = there.book(doctor_id, patient_id, desk.booked.start_time)
    theirs = ids_of(there, doctor_id, booked.id, patient_id)
    nothing = {name: new_id() for name in theirs}
    told = {}
    for endpoint, (method, pattern) in routes(desk).items():
        if "<uuid:" in pattern:
            browser = somebody_who(desk, TABLE[endpoint])
            told[endpoint] = {ask(browser, method, address(pattern, ids)) for ids in (theirs, nothing)}
    assert {endpoint: codes for endpoint, codes in told.items() if codes != {404}} == {}
    mixed = {**theirs, "doctor_id": desk.doctor_id, "consultation_id": seen(desk.clinic, desk.doctor_id, time(14)).id}
    leave = address("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/cancel", mixed)
    team = address("/consultations/<uuid:consultation_id>/participants/<uuid:participant_id>/remove", mixed)
    assert ask(desk.admin(), "POST", leave) == 404
    assert ask(desk.doctor(), "POST", team) == 404
