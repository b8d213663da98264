"""Who may use which page: the table is held against the URL map, and every cell of it is tried."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from hms_web.domain.identity import Actor, Role
from hms_web.models import User, db, new_id
from tests.access_file import rights
from tests.web.pages import HX
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in

ANYONE: frozenset[Role | None] = frozenset({*Role, None})
USER = frozenset(Role)
ADMIN = frozenset({Role.ADMIN})
MOVERS = frozenset({Role.ADMIN, Role.RECEPTIONIST, Role.DOCTOR})
ADMIN_DOCTOR = frozenset({Role.ADMIN, Role.DOCTOR})
RECEPTION = frozenset({Role.ADMIN, Role.RECEPTIONIST})
DOCTOR = frozenset({Role.DOCTOR})
BOARD = frozenset({Role.NURSE, Role.DOCTOR, Role.RECEPTIONIST})

TABLE: dict[str, frozenset[Role] | frozenset[Role | None]] = {
    "account.begin_factor": USER,
    "account.change_password": USER,
    "account.confirm_factor": USER,
    "account.end_others": USER,
    "account.end_session": USER,
    "account.factor": USER,
    "account.page": USER,
    "account.remove_factor": USER,
    "account.renew_codes": USER,
    "account.revoke_token": USER,
    "absences.ask_to_cancel": ADMIN_DOCTOR,
    "absences.cancel": ADMIN_DOCTOR,
    "absences.change": ADMIN_DOCTOR,
    "absences.create": ADMIN_DOCTOR,
    "absences.index": ADMIN_DOCTOR,
    "absences.page": ADMIN_DOCTOR,
    "absences.preview": ADMIN_DOCTOR,
    "absences.preview_change": ADMIN_DOCTOR,
    "affected.apply": MOVERS,
    "affected.choose": MOVERS,
    "affected.export": MOVERS,
    "affected.index": MOVERS,
    "affected.plan": MOVERS,
    "affected.result": MOVERS,
    "affected.undo": MOVERS,
    "alerts.acknowledge": frozenset({Role.ADMIN, Role.DOCTOR, Role.NURSE}),
    "alerts.listed": USER,
    "alerts.one": USER,
    "alerts.page": USER,
    "alerts.resolve": frozenset({Role.ADMIN, Role.DOCTOR, Role.NURSE}),
    "appointments.cancel": USER,
    "appointments.change_words": USER,
    "appointments.index": USER,
    "appointments.move": USER,
    "appointments.page": USER,
    "appointments.search": USER,
    "appointments.set_status": USER,
    "assets.file": ANYONE,
    "audit.export": ADMIN,
    "audit.index": ADMIN,
    "audit.people": ADMIN,
    "board.columns": BOARD,
    "board.page": BOARD,
    "board.set_status": BOARD,
    "calendars.create": ADMIN_DOCTOR,
    "calendars.feed": ANYONE,
    "calendars.page": ADMIN_DOCTOR,
    "calendars.revoke": ADMIN_DOCTOR,
    "calendars.show_names": ADMIN,
    "consultations.abandon": DOCTOR,
    "consultations.ask": DOCTOR,
    "consultations.complete": DOCTOR,
    "consultations.let_go": DOCTOR,
    "consultations.page": DOCTOR,
    "consultations.save": DOCTOR,
    "consultations.start": DOCTOR,
    "doctors.availability": ADMIN,
    "doctors.change": ADMIN,
    "doctors.create": ADMIN,
    "doctors.index": USER,
    "doctors.new": ADMIN,
    "doctors.page": ADMIN,
    "doctors.preview_slots": ADMIN,
    "doctors.switch": ADMIN,
    "doctor_field.names": USER,
    "downtime.save": RECEPTION | {Role.NURSE},
    "exports.of_appointments": USER,
    "exports.of_doctors": ADMIN,
    "exports.of_holidays": ADMIN,
    "exports.of_patients": ADMIN,
    "exports.of_users": ADMIN,
    "front_desk.block": ADMIN_DOCTOR,
    "front_desk.book": USER,
    "front_desk.cancel": USER,
    "front_desk.day": USER,
    "front_desk.find_duplicates": USER,
    "front_desk.find_patients": USER,
    "front_desk.grid": USER,
    "front_desk.hold": USER,
    "front_desk.keep": MOVERS,
    "front_desk.move": USER,
    "front_desk.next_free": USER,
    "front_desk.page": USER,
    "front_desk.release": USER,
    "front_desk.set_status": USER,
    "front_desk.upcoming": USER,
    "holidays.ask_to_delete": ADMIN,
    "holidays.change": ADMIN,
    "holidays.choose": ADMIN,
    "holidays.create": ADMIN,
    "holidays.delete": ADMIN,
    "holidays.index": ADMIN,
    "holidays.page": ADMIN,
    "holidays.preview": ADMIN,
    "holidays.preview_change": ADMIN,
    "holidays.switch": ADMIN,
    "holidays.take_over": ADMIN,
    "home.start": USER,
    "messages.export": ADMIN,
    "messages.export_calls": RECEPTION | {Role.NURSE},
    "messages.index": ADMIN,
    "messages.not_phoned": RECEPTION,
    "messages.phoned": RECEPTION,
    "messages.preview_template": ADMIN,
    "messages.put_provider": ADMIN,
    "messages.remove_provider": ADMIN,
    "messages.reset_template": ADMIN,
    "messages.save_template": ADMIN,
    "messages.send_again": ADMIN,
    "messages.send_unconfigured": ADMIN,
    "messages.set_language": ADMIN,
    "messages.show_calls": RECEPTION | {Role.NURSE},
    "messages.show_providers": ADMIN,
    "messages.show_template": ADMIN,
    "messages.show_templates": ADMIN,
    "messages.test_provider": ADMIN,
    "notifications.index": USER,
    "notifications.read": USER,
    "notifications.read_all": USER,
    "jobs.index": ADMIN,
    "jobs.run": ADMIN,
    "language.choose": ANYONE,
    "metrics.scrape": ANYONE,
    "my_day.page": DOCTOR,
    "my_day.part": DOCTOR,
    "left_over.index": USER,
    "left_over.left": USER,
    "left_over.never": USER,
    "no_shows.came": RECEPTION,
    "no_shows.chart_file": ADMIN_DOCTOR,
    "no_shows.export": ADMIN_DOCTOR,
    "no_shows.index": ADMIN_DOCTOR,
    "no_shows.mark": USER,
    "no_shows.one": USER,
    "no_shows.revert": RECEPTION,
    "no_shows.review": RECEPTION,
    "overview.chart_file": ADMIN,
    "overview.index": ADMIN,
    "passwords.page": ANYONE,
    "passwords.submit": ANYONE,
    "patients.alike": USER,
    "patients.change": USER,
    "patients.create": USER,
    "patients.edit": USER,
    "patients.index": USER,
    "patients.new": USER,
    "patients.page": USER,
    "patients.search": USER,
    "patients.unblock": ADMIN,
    "probes.healthz": ANYONE,
    "probes.readyz": ANYONE,
    "printing.day_list": RECEPTION | {Role.NURSE},
    "printing.slip": USER,
    "schedules.page": ADMIN_DOCTOR,
    "schedules.preview": ADMIN_DOCTOR,
    "schedules.save": ADMIN_DOCTOR,
    "sign_in.ask_code": ANYONE,
    "sign_in.ask_set_up": ANYONE,
    "sign_in.change_user": ANYONE,
    "sign_in.give_code": ANYONE,
    "sign_in.set_up": ANYONE,
    "sign_in.leave": ANYONE,
    "sign_in.stay": USER,
    "sign_in.page": ANYONE,
    "sign_in.submit": ANYONE,
    "static": ANYONE,
    "styleguide.page": USER,
    "users.change": ADMIN,
    "users.create": ADMIN,
    "users.deactivate": ADMIN,
    "users.index": ADMIN,
    "users.new": ADMIN,
    "users.new_link": ADMIN,
    "users.page": ADMIN,
    "users.end_sessions": ADMIN,
    "users.reset_factor": ADMIN,
    "users.switch": ADMIN,
    "users.want_factor": ADMIN,
    "vendor.static": ANYONE,
    "vitals.page": frozenset({Role.NURSE, Role.DOCTOR}),
    "vitals.record": frozenset({Role.NURSE, Role.DOCTOR}),
}


def pages_of(app: Flask) -> Iterator[Rule]:
    """Every route but those of the JSON API, which has a table of its own."""
    return (rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api"))


def requests(app: Flask, desk: Desk) -> Iterator[tuple[Rule, str, str]]:
    with app.test_request_context():
        for rule in pages_of(app):
            values: dict[str, object] = {name: uuid4() for name in rule.arguments}
            values |= {"doctor_id": desk.doctor_id} if "doctor_id" in rule.arguments else {}
            path = rule.build(values)
            assert path
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, path[1]


def test_every_page_stands_in_the_table(app: Flask) -> None:
    assert {rule.endpoint for rule in pages_of(app)} == set(TABLE)


def test_the_table_and_the_file_for_reviewers_say_the_same(app: Flask) -> None:
    said = rights()
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            words = said.pop((method, rule.rule))
            if rule.endpoint in TABLE:
                may = frozenset(role for role, word in words.items() if word in {"yes", "open"})
                assert may == TABLE[rule.endpoint], rule
    assert not said, "no such routes any more"


def test_no_route_changes_something_by_get_and_by_another_method(app: Flask) -> None:
    changing = {"POST", "PUT", "PATCH", "DELETE"}
    for rule in pages_of(app):
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        assert methods <= changing or methods == {"GET"}, rule


# What looking at something may write: that somebody was here, that they looked, slots that are made on demand, and the
# mark that a doctor's days are others since.
WRITTEN_BY_LOOKING = {"login_sessions", "audit_events", "audit_unchained", "doctor_slots", "doctor_changes"}


def stored(session: Session) -> dict[str, str | None]:
    """A fingerprint of all rows of each table."""
    session.rollback()
    whole = "SELECT md5(coalesce(string_agg(CAST(t AS text), '' ORDER BY CAST(t AS text)), '')) FROM {} t"
    tables = set(db.metadata.tables) - WRITTEN_BY_LOOKING
    found = {name: session.scalar(sa.text(whole.format(name))) for name in tables}
    session.rollback()
    return found


@pytest.mark.parametrize("role", [*Role, None])
def test_nothing_changes_by_get(app: Flask, desk: Desk, role: Role | None) -> None:
    client = client_of(app, desk, role)
    before = stored(desk.session)
    paths = [path for _rule, method, path in requests(app, desk) if method == "GET"]
    with app.test_request_context():
        for rule in pages_of(app):
            for name, key in (("appointment_id", desk.booked.id), ("patient_id", desk.patient_id)):
                if "GET" in (rule.methods or set()) and name in rule.arguments:
                    built = rule.build(dict.fromkeys(rule.arguments, key))
                    assert built
                    paths.append(built[1])
    for path in paths:
        client.get(path)
        client.get(path, headers=HX)
    assert stored(desk.session) == before


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_gets_in_where_it_belongs_and_nowhere_else(app: Flask, desk: Desk, role: Role | None) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = client_of(app, desk, role)
    for rule, method, path in requests(app, desk):
        response = client.open(path, method=method)
        if rule.endpoint in {"sign_in.leave", "sign_in.change_user"}:
            client = client_of(app, desk, role)
            continue
        may = role in TABLE[rule.endpoint]
        if role is None and not may:
            assert response.status_code == 303, (method, path)
            assert response.headers["Location"].startswith("/login"), (method, path)
            fragment = client.open(path, method=method, headers=HX)
            assert (fragment.status_code, fragment.data) == (401, b""), (method, path)
            assert fragment.headers["HX-Redirect"].startswith("/login")
        else:
            assert (response.status_code != 403) is may, (method, path, response.status_code)
            assert response.status_code < 500 or rule.endpoint == "probes.readyz", (method, path)


def client_of(app: Flask, desk: Desk, role: Role | None) -> FlaskClient:
    if role is None:
        return app.test_client()
    if role is Role.DOCTOR:
        return desk.doctor().client
    return signed_in(app, desk.session, somebody(desk, role)).client


def somebody(desk: Desk, role: Role) -> Actor:
    user = User(id=new_id(), hospital_id=desk.clinic.actor.hospital_id, name="X", email=f"{new_id()}@test", role=role)
    desk.session.add(user)
    desk.session.commit()
    return replace(desk.clinic.actor, user_id=user.id, role=role)


def test_another_hospitals_ids_are_as_if_they_were_not_there(app: Flask, desk: Desk) -> None:
    """Each id of one hospital, asked for by the administrator of another: the same answer as for no id at all."""
    from tests.scenes import clinic  # noqa: PLC0415 the second hospital of this test alone

    app.config["WTF_CSRF_ENABLED"] = False
    other = clinic(desk.session)
    client = signed_in(app, desk.session, other.admin).client
    slot = desk.clinic.slot(desk.doctor_id, desk.booked.start_time)
    ids = {
        "appointment_id": desk.booked.id,
        "doctor_id": desk.doctor_id,
        "patient_id": desk.patient_id,
        "slot_id": slot.id,
        "user_id": desk.clinic.actor.user_id,
    }
    tried = 0
    with app.test_request_context():
        for rule in pages_of(app):
            if not rule.arguments or not rule.arguments <= ids.keys():
                continue
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                answers = []
                for values in (ids, {name: uuid4() for name in ids}):
                    built = rule.build({name: values[name] for name in rule.arguments})
                    assert built
                    answers.append(client.open(built[1], method=method))
                assert answers[0].status_code == answers[1].status_code, (method, rule)
                assert str(desk.booked.patient_name) not in answers[0].get_data(as_text=True), (method, rule)
                tried += 1
    assert tried > 15
