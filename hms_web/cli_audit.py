"""The `hms audit` commands: see whether the audit trail is whole, chain what waits, sign after a change of key."""

import os
from collections.abc import Callable, Mapping
from uuid import UUID

import click
from flask import Flask
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.cli_records import hospitals_of, secret_keys, session_of
from hms_web.domain.audit_chain import Finding, Flaw, Head
from hms_web.services import audit_chain, hospitals, unit_of_work
from hms_web.services.audit_chain import Report
from hms_web.services.sealing import SecretKeys

MakeApp = Callable[[], Flask]

MOST_SHOWN = 20
WORDS = {
    Flaw.CHANGED: "the event, or its link, was changed",
    Flaw.DELETED: "the event was deleted",
    Flaw.LINK_GONE: "the link is gone",
    Flaw.CUT_OFF: "the chain is cut off before this place",
    Flaw.BEYOND_HEAD: "links were added behind the head",
    Flaw.HEAD_CHANGED: "the head is not the hash of this link",
    Flaw.NOT_SIGNED: "the head is not signed with this SECRET_KEY",
    Flaw.NOT_BEGUN: "there is no chain, though there has been something to chain for more than a day",
    Flaw.BACKDATED: "the event was put in later than the time it bears",
    Flaw.NEVER_CHAINED: "the event has no link and waits for none",
    Flaw.GONE_BEFORE_CHAINED: "the event was deleted before it had its link",
    Flaw.STALLED: "events have waited for more than an hour: does the worker run?",
    Flaw.NOT_AS_EXPECTED: "the expected head is not part of the chain",
}


class ExpectedHead(click.ParamType[Head]):
    """A head that was written down, as SEQUENCE:HASH."""

    name = "sequence:hash"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        """Read it."""
        if isinstance(value, Head):
            return value
        sequence, _, digest = str(value).partition(":")
        try:
            return Head(int(sequence), bytes.fromhex(digest))
        except ValueError:
            self.fail("It is SEQUENCE:HASH, as `hms audit verify` and the worker's log say it.", param, ctx)


def register(hms: click.Group, make_app: MakeApp) -> None:
    """Add the commands to `hms`."""

    @hms.group()
    def audit() -> None:
        """The audit trail and its chain."""

    audit.add_command(_verify(make_app))
    audit.add_command(_chain(make_app))
    audit.add_command(_sign(make_app))


def _verify(make_app: MakeApp) -> click.Command:
    @click.command()
    @click.option("--hospital", help="The hospital's name; left out, every hospital.")
    @click.option("--expect", type=ExpectedHead(), help="A head that was written down; needs --hospital.")
    def verify(hospital: str | None, expect: Head | None) -> None:
        """Say whether every event is there as it was written; ends with code 1 and names what is broken, or 0."""
        if expect is not None and hospital is None:
            message = "--expect is the head of one hospital: name it with --hospital."
            raise click.UsageError(message)
        app, is_broken = make_app(), False
        with session_of(app) as session:
            names = hospitals.names(session)
            for actor in hospitals_of(session, hospital):
                secret, now = secret_keys(app), clock.now()
                report = audit_chain.verify(session, actor.hospital_id, secret=secret, now=now, expected=expect)
                is_broken = _say(report, names) or is_broken
        if is_broken:
            raise SystemExit(1)

    return verify


def _say(report: Report, names: Mapping[UUID, str]) -> bool:
    """Say what a look has found, the first flaw first; whether it found any."""
    head = f"{report.head.sequence}:{report.head.hash.hex()}"
    state = "BROKEN" if report.findings else "whole"
    click.echo(
        f"{names[report.hospital_id]}: {state}. {report.head.sequence} chained, {report.waiting} waiting, head {head}"
    )
    for finding in report.findings[:MOST_SHOWN]:
        click.echo(f"  {_place(finding)}{WORDS[finding.flaw]}.")
    if len(report.findings) > MOST_SHOWN:
        click.echo(f"  … and {len(report.findings) - MOST_SHOWN} more.")
    return bool(report.findings)


def _place(finding: Finding) -> str:
    at = f"link {finding.sequence}" if finding.sequence is not None else ""
    which = f"event {finding.event_id}" if finding.event_id is not None else ""
    return f"{', '.join(part for part in (at, which) if part)}: " if at or which else ""


def _chain(make_app: MakeApp) -> click.Command:
    @click.command()
    def chain() -> None:
        """Give every event its link now; the worker does it each minute."""
        app = make_app()
        with session_of(app) as session:
            heads, stuck = audit_chain.extend_all(session, secret=secret_keys(app), now=clock.now())
            names = hospitals.names(session)
        for hospital_id, head in heads.items():
            click.echo(f"{names[hospital_id]}: head {head.sequence}:{head.hash.hex()}")
        if stuck:
            message = (
                f"Not carried on: {', '.join(names[hospital_id] for hospital_id in stuck)}. See `hms audit verify`."
            )
            raise click.ClickException(message)

    return chain


def _sign(make_app: MakeApp) -> click.Command:
    @click.command()
    def sign() -> None:
        """Sign every chain anew, after SECRET_KEY was exchanged; one that is broken otherwise is left as it is.

        With OLD_SECRET_KEY in the environment, only what was signed with that one.
        """
        app = make_app()
        with session_of(app) as session:
            is_done = sign_all(session, secret_keys(app), former=os.environ.get("OLD_SECRET_KEY"))
        if not is_done:
            raise SystemExit(1)

    return sign


def sign_all(session: Session, secret: SecretKeys, *, former: str | None = None) -> bool:
    """Sign every chain anew and say what came of it; whether all of them are signed."""
    is_done, names = True, hospitals.names(session)
    for actor in hospitals_of(session, None):
        try:
            report = audit_chain.sign(session, actor.hospital_id, secret=secret, former=former, now=clock.now())
        except (audit_chain.NotSigned, unit_of_work.Busy):
            click.echo(f"{names[actor.hospital_id]}: NOT signed, somebody was at it; try again.")
            is_done = False
            continue
        if audit_chain.may_be_signed(report, former):
            click.echo(f"{names[actor.hospital_id]}: signed.")
        else:
            _say(report, names)
            is_done = False
    return is_done
