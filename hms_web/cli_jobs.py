"""The `hms jobs` commands: run the no-show check, ask how it does, and keep the keys of the external trigger."""

from collections.abc import Callable
from datetime import UTC, datetime

import click
from flask import Flask

from hms_web import clock
from hms_web.app import REDIS
from hms_web.cli_records import hospitals_of, session_of
from hms_web.domain.job_health import RunSource
from hms_web.services import cron_keys, hospitals, job_health, job_words, no_show_check, scheduler_pulse
from hms_web.services.leases import Taken

MakeApp = Callable[[], Flask]


def register(hms: click.Group, make_app: MakeApp) -> None:
    """Add the commands to `hms`."""

    @hms.group()
    def jobs() -> None:
        """The no-show check, and the keys of its external trigger."""

    jobs.add_command(_run(make_app))
    jobs.add_command(_health(make_app))
    jobs.add_command(_key(make_app))


def _run(make_app: MakeApp) -> click.Command:
    @click.command()
    @click.option("--hospital", help="The hospital's name; left out, every hospital.")
    def run(hospital: str | None) -> None:
        """Run the no-show check now, at whatever hour."""
        app, has_failed = make_app(), False
        with session_of(app) as session:
            now = clock.now()
            pulse, names = scheduler_pulse.read(app.extensions[REDIS], now=now), hospitals.names(session)
            for actor in hospitals_of(session, hospital):
                outcome = no_show_check.check(session, actor, RunSource.MANUAL, now=now, pulse=pulse)
                if isinstance(outcome, Taken):
                    click.echo(f"{names[actor.hospital_id]}: a run is under way already.")
                    continue
                has_failed = has_failed or outcome.run.has_failed
                words = f"{outcome.run.items} dealt with in {outcome.run.duration_ms} ms"
                click.echo(f"{names[actor.hospital_id]}: {outcome.run.error or words}.")
        if has_failed:
            message = "At least one check did not end well."
            raise click.ClickException(message)

    return run


def _health(make_app: MakeApp) -> click.Command:
    @click.command()
    @click.option("--hospital", help="The hospital's name; left out, every hospital.")
    def health(hospital: str | None) -> None:
        """Say how the no-show check does; ends with code 1 where it is in trouble."""
        app, is_ill = make_app(), False
        with session_of(app) as session:
            now = clock.now()
            pulse, names = scheduler_pulse.read(app.extensions[REDIS], now=now), hospitals.names(session)
            for actor in hospitals_of(session, hospital):
                found = job_health.health(session, actor, now=now, pulse=pulse)
                is_ill = is_ill or not found.overall.is_healthy
                for one in (found.overall, *found.by_source):
                    state = "IN TROUBLE" if not one.is_healthy else "well" if one.is_known else "not known"
                    who = one.source.lower() if one.source else names[actor.hospital_id]
                    click.echo(f"{'  ' if one.source else ''}{who}: {state}. {job_words.sentence(one, actor.zone)}")
        if is_ill:
            raise SystemExit(1)

    return health


def _key(make_app: MakeApp) -> click.Group:
    @click.group()
    def key() -> None:
        """Keys of the external trigger; two can be valid, so that one can be exchanged without a gap."""

    @key.command()
    @click.argument("name")
    def create(name: str) -> None:
        """Make a key and show it, this once."""
        with session_of(make_app()) as session:
            secret = cron_keys.create(session, name, now=clock.now())
            click.echo("Send it as the header x-cron-api-key; it is not shown again:")
            click.echo(secret)

    @key.command(name="list")
    def list_() -> None:
        """List the keys, by their names."""
        with session_of(make_app()) as session:
            for one in cron_keys.list_keys(session):
                state = f"revoked {_utc(one.revoked_at)}" if one.revoked_at else "valid"
                used = f"last used {_utc(one.last_used_at)}" if one.last_used_at else "unused"
                click.echo(f"{one.name}: {state}, {used}")

    @key.command()
    @click.argument("name")
    def revoke(name: str) -> None:
        """End a key, at once."""
        with session_of(make_app()) as session:
            cron_keys.revoke(session, name, now=clock.now())
            click.echo(f"{name} is no longer valid.")

    return key


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
