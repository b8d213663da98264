"""The `hms secret-key` command: what has to be done before a former SECRET_KEY can go."""

from collections.abc import Callable

import click
from flask import Flask

from hms_web.cli_audit import sign_all
from hms_web.cli_records import secret_keys, session_of
from hms_web.services import renewing


def register(hms: click.Group, make_app: Callable[[], Flask]) -> None:
    """Add the command to `hms`."""

    @hms.group("secret-key")
    def secret_key() -> None:
        """SECRET_KEY, while it is exchanged."""

    @secret_key.command()
    def renew() -> None:
        """Encrypt and sign anew, under SECRET_KEY, what those of SECRET_KEY_FALLBACKS encrypted and signed.

        Ends with code 1 while anything is left that SECRET_KEY alone cannot read or answer for.
        """
        app = make_app()
        with session_of(app) as session:
            done = renewing.renew(session, secret=secret_keys(app))
            click.echo(f"Encrypted anew: {done.addresses} addresses of providers, {done.factors} second factors.")
            if done.unreadable:
                click.echo(f"Encrypted under a key that is not given: {done.unreadable}.")
            is_signed = sign_all(session, secret_keys(app))
        if done.unreadable or not is_signed:
            raise SystemExit(1)
