"""The `hms hospital`, `hms user` and `hms demo` commands."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC

import click
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.app import EXTENSION
from hms_web.config import Environment, Settings
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.models import db
from hms_web.services import audit_chain, demo_large, hospitals, users, wording
from hms_web.services import demo as demo_data
from hms_web.services.sealing import SecretKeys

LARGEST_SCALE = 100
OTHER_ROLES = [str(role) for role in Role if role is not Role.DOCTOR]


@contextmanager
def session_of(app: Flask) -> Iterator[Session]:
    """Give a command a session; what a service says no to ends the command with its sentence."""
    with app.app_context():
        try:
            yield db.session()
        except Refused as error:
            raise click.ClickException(wording.sentence(error.refusal, UTC)) from error
        except InvalidInput as error:
            sentences = " ".join(f"{field}: {sentence}" for field, sentence in error.errors)
            raise click.ClickException(sentences) from error


def hospitals_of(session: Session, name: str | None) -> list[Actor]:
    """Return the actor for what a command does in the hospital of that name, or in each; raises InvalidInput."""
    return [hospitals.by_name(session, name)] if name else hospitals.all_of_them(session)


def secret_keys(app: Flask) -> SecretKeys:
    """Return SECRET_KEY, and those that are taken beside it."""
    settings: Settings = app.extensions[EXTENSION]
    return settings.secret_keys


def register(hms: click.Group, make_app: Callable[[], Flask]) -> None:
    """Add the commands to `hms`."""
    hms.add_command(_hospital(make_app))
    hms.add_command(_user(make_app))
    hms.add_command(_demo(make_app))


def _hospital(make_app: Callable[[], Flask]) -> click.Group:
    @click.group()
    def hospital() -> None:
        """Hospitals, each apart from all others."""

    @hospital.command()
    @click.option("--name", required=True)
    @click.option("--timezone", required=True, help="An IANA name like Asia/Kolkata.")
    @click.option("--admin-email", required=True)
    @click.option(
        "--admin-password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if left out."
    )
    def create(name: str, timezone: str, admin_email: str, admin_password: str) -> None:
        """Open a hospital with its first admin."""
        app = make_app()
        with session_of(app) as session:
            made = hospitals.create_hospital(session, name, timezone, admin_email, admin_password, now=clock.now())
            audit_chain.begin(session, made.id, secret=secret_keys(app))
            click.echo(f"{name} is open (id {made.id}); {made.admin.email} can sign in.")

    return hospital


def _user(make_app: Callable[[], Flask]) -> click.Group:
    @click.group()
    def user() -> None:
        """People who sign in."""

    @user.command()
    @click.option("--hospital", required=True, help="The hospital's name.")
    @click.option("--name", required=True)
    @click.option("--email", required=True)
    @click.option("--role", required=True, type=click.Choice(OTHER_ROLES, case_sensitive=False))
    @click.option("--password", help="Left out, a one-time link to set one is made.")
    def create(hospital: str, name: str, email: str, role: str, password: str | None) -> None:
        """Add a user who is not a doctor; doctors are added on the doctors' page."""
        now = clock.now()
        with session_of(make_app()) as session:
            actor = hospitals.by_name(session, hospital)
            made = users.create(session, actor, users.NewUser(name, email, Role(role.upper()), password), now=now)
            click.echo(f"{made.user.email} was added.")
            if made.link is not None:
                click.echo(f"Set the password, once, until {made.link.expires_at:%Y-%m-%d %H:%M} UTC, at:")
                click.echo(f"/set-password/{made.link.token}")

    return user


def _demo(make_app: Callable[[], Flask]) -> click.Group:
    @click.group()
    def demo() -> None:
        """Invented data to try things out with; only with HMS_ENV=demo."""

    @demo.command()
    @click.option(
        "--scale",
        type=click.IntRange(1, LARGEST_SCALE),
        help="Make a large hospital instead: N times 10 doctors, 20,000 patients and 50,000 appointments.",
    )
    def seed(scale: int | None) -> None:
        """Make the demo hospital with staff, doctors, patients and nine weeks of visits up to now."""
        app = make_app()
        settings: Settings = app.extensions[EXTENSION]
        if settings.env not in {Environment.DEMO, Environment.TESTING}:
            message = "The demo's passwords are public: it can be made only with HMS_ENV=demo."
            raise click.ClickException(message)
        with session_of(app) as session:
            if scale is not None:
                _seed_large(session, demo_large.Size.of_scale(scale), secret_keys(app))
                return
            made = demo_data.seed(session, now=clock.now())
            audit_chain.begin(session, made.hospital_id, secret=secret_keys(app))
            click.echo(f"City Clinic is open; sign in as reception@demo.test with {demo_data.PASSWORD}.")

    return demo


def _seed_large(session: Session, size: demo_large.Size, secret: SecretKeys) -> None:
    with click.progressbar(length=size.appointments, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        made = demo_large.seed(session, size, now=clock.now(), advance=bar.update)
    audit_chain.begin(session, made.hospital_id, secret=secret)
    click.echo(f"{demo_large.NAME} is open; sign in as reception@large.test with {demo_data.PASSWORD}.")
