"""What a key that is to go has encrypted and signed is encrypted and signed anew; what no key opens is told."""

import click
import pyotp
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from hms_web import cli_keys, clock
from hms_web.app import EXTENSION
from hms_web.config import Settings
from hms_web.domain.audit_chain import Flaw
from hms_web.domain.notifications import Channel
from hms_web.models import MessageProvider, SecondFactor
from hms_web.services import audit_chain, providers, renewing, sealing, second_factors
from tests.scenes import NOW, Clinic

FORMER, PRESENT, LOST = "the former key of this desk", "the present key of this desk", "a key that nobody has"
BOTH, HERE = (PRESENT, FORMER), "the secret of this browser's session"
URL = "json://gateway.test/{to}"


@pytest.fixture
def kept(here: Clinic) -> str:
    """A provider, a second factor and a chain under the former key; the secret of the factor."""
    providers.put(here.session, here.admin, Channel.SMS, URL, secret=FORMER, now=NOW)
    user_id = here.actor.user_id
    assert user_id
    second_factors.begin(here.session, user_id, begun_in=HERE, key=FORMER, now=NOW)
    found = second_factors.enrolment(here.session, user_id, "a", begun_in=HERE, key=FORMER, now=NOW)
    assert found
    audit_chain.extend_all(here.session, secret=FORMER, now=NOW)
    return found.secret


def test_with_both_keys_all_can_be_read_and_used(here: Clinic, kept: str) -> None:
    mine = here.admin.hospital_id
    assert providers.url_of(here.session, mine, "sms", secret=BOTH) == (True, URL)
    code = pyotp.TOTP(kept).at(NOW)
    assert second_factors.confirm(here.session, here.actor, code, begun_in=HERE, key=BOTH, now=NOW)
    report = audit_chain.verify(here.session, mine, secret=BOTH, now=clock.now())
    assert [finding.flaw for finding in report.findings] == []
    assert audit_chain.extend(here.session, mine, secret=BOTH, now=clock.now()), "and it is carried on"
    report = audit_chain.verify(here.session, mine, secret=PRESENT, now=clock.now())
    assert [finding.flaw for finding in report.findings] == [], "signed by the present one"
    report = audit_chain.verify(here.session, mine, secret=(FORMER, LOST), now=clock.now())
    assert [finding.flaw for finding in report.findings] == [Flaw.NOT_SIGNED]


def test_what_was_renewed_needs_the_former_key_no_more(here: Clinic, kept: str) -> None:
    assert renewing.renew(here.session, secret=BOTH) == renewing.Renewed(1, 1, 0)
    assert providers.url_of(here.session, here.admin.hospital_id, "sms", secret=PRESENT) == (True, URL)
    factor = here.session.scalars(sa.select(SecondFactor.secret_encrypted)).one()
    assert sealing.unseal(PRESENT, second_factors.PURPOSE, factor) == kept
    assert sealing.unseal(FORMER, second_factors.PURPOSE, factor) is None
    assert renewing.renew(here.session, secret=BOTH) == renewing.Renewed(0, 0, 0)


def test_what_no_key_opens_is_left_as_it_is_and_counted(here: Clinic, kept: str) -> None:
    before = here.session.scalars(sa.select(MessageProvider.url_encrypted)).one()
    assert renewing.renew(here.session, secret=(PRESENT, LOST)) == renewing.Renewed(0, 0, 2)
    assert here.session.scalars(sa.select(MessageProvider.url_encrypted)).one() == before


def test_the_command_does_it_all_and_says_what_is_left(app: Flask, here: Clinic, kept: str) -> None:
    group, given = click.Group("hms"), app.extensions[EXTENSION]
    cli_keys.register(group, lambda: app)

    def run(*beside: str) -> tuple[int, str]:
        keys = {"SECRET_KEY": PRESENT, "SECRET_KEY_FALLBACKS": ",".join(beside)}
        app.extensions[EXTENSION] = Settings.from_env({"HMS_ENV": "testing", **keys})
        done = CliRunner().invoke(group, ("secret-key", "renew"))
        return done.exit_code, done.output

    try:
        code, said = run()
        assert (code, "under a key that is not given: 2." in said) == (1, True)
        assert run(FORMER) == (
            0,
            "Encrypted anew: 1 addresses of providers, 1 second factors.\nTest Clinic: signed.\n",
        )
        assert run()[0] == 0
    finally:
        app.extensions[EXTENSION] = given
    report = audit_chain.verify(here.session, here.admin.hospital_id, secret=PRESENT, now=clock.now())
    assert [finding.flaw for finding in report.findings] == []
