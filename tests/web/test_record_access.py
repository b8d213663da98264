"""Who may see and do what among the records, and that another hospital's are as good as none."""

import re
from uuid import UUID

import pytest

from hms_web.domain.identity import Role
from hms_web.models import AffectedBatch, HospitalHoliday, User, new_id
from hms_web.web.records import BLUEPRINTS
from tests.scenes import MONDAY, NOW, Clinic, clinic
from tests.web.pages import Browser
from tests.web.record_scenes import Desk
from tests.web.test_access import TABLE

ANYBODY: frozenset[Role] = frozenset()
NAMES = {blueprint.name for blueprint in BLUEPRINTS}
# What the table of all pages says of the records' pages.
MAY = {
    endpoint: ANYBODY if None in roles else roles
    for endpoint, roles in TABLE.items()
    if endpoint.partition(".")[0] in NAMES
}


def routes(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return method and address pattern of every endpoint of records."""
    found = {}
    for rule in desk.app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in NAMES:
            method = "POST" if "POST" in (rule.methods or set()) else "GET"
            found[rule.endpoint] = (method, rule.rule)
    return found


def address(pattern: str, ids: dict[str, UUID]) -> str:
    for name, key in ids.items():
        pattern = pattern.replace(f"<uuid:{name}>", str(key))
    # Whatever else an address names is not there, which nobody learns who may not ask.
    return re.sub("<.*?>", "none", re.sub("<uuid:.*?>", str(new_id()), pattern))


def ask(browser: Browser, method: str, url: str) -> int:
    if method == "GET":
        return browser.client.get(url).status_code
    token = browser.csrf_token("/patients")
    return browser.client.post(url, data={"csrf_token": token}).status_code


def ids_of(place: Clinic, doctor_id: UUID, appointment_id: UUID, patient_id: UUID) -> dict[str, UUID]:
    holiday = HospitalHoliday(id=new_id(), hospital_id=place.actor.hospital_id, name="Day", date=MONDAY.replace(day=28))
    batch = AffectedBatch(id=new_id(), hospital_id=place.actor.hospital_id, created_at=NOW)
    place.session.add_all([holiday, batch])
    place.session.commit()
    assert place.actor.user_id
    return {
        "doctor_id": doctor_id,
        "appointment_id": appointment_id,
        "patient_id": patient_id,
        "absence_id": place.absence(doctor_id, MONDAY.replace(day=30), MONDAY.replace(day=30)),
        "holiday_id": holiday.id,
        "user_id": place.actor.user_id,
        "batch_id": batch.id,
    }


def test_every_route_stands_in_the_table(desk: Desk) -> None:
    assert routes(desk).keys() == MAY.keys()


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
        if MAY[endpoint] is ANYBODY:
            continue
        status = ask(browser, method, address(pattern, ids))
        assert (status != 403) is (role in MAY[endpoint]), (endpoint, status)
        assert status < 500, endpoint


def test_a_stranger_is_asked_to_sign_in(desk: Desk) -> None:
    ids = ids_of(desk.clinic, desk.doctor_id, desk.booked.id, desk.patient_id)
    browser = Browser(desk.app.test_client())
    for endpoint, (method, pattern) in routes(desk).items():
        if MAY[endpoint] is ANYBODY or method == "POST":
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


def test_another_hospitals_records_are_as_good_as_none(desk: Desk) -> None:
    there = clinic(desk.session, "America/New_York")
    doctor_id, patient_id = there.doctor(), there.patient()
    booked = there.book(doctor_id, patient_id, desk.booked.start_time)
    theirs = ids_of(there, doctor_id, booked.id, patient_id)
    nothing = {name: new_id() for name in theirs}
    browser = desk.admin()
    for endpoint, (method, pattern) in routes(desk).items():
        if "<uuid:" not in pattern or Role.ADMIN not in MAY[endpoint]:
            continue
        assert ask(browser, method, address(pattern, theirs)) == 404, endpoint
        assert ask(browser, method, address(pattern, nothing)) == 404, endpoint
    mixed = {**theirs, "doctor_id": desk.doctor_id}
    assert ask(browser, "POST", address("/doctors/<uuid:doctor_id>/absences/<uuid:absence_id>/cancel", mixed)) == 404
