"""A provider of text messages on this machine, and the environment in which a job finds its servers."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from hms_web.config import Settings
from hms_web.domain.notifications import Channel
from hms_web.services import providers
from tests.jobs.fake_provider import Provider, provided
from tests.scenes import NOW, Clinic, clinic


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that accepts everything until it is told otherwise."""
    with provided() as provider:
        yield provider


@pytest.fixture
def environ(app: Flask, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of a worker names."""
    monkeypatch.setenv("DATABASE_URL", app.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("HMS_PROVIDER_HOSTS", "127.0.0.1")


@pytest.fixture
def here(session: Session, environ: None, provider: Provider) -> Clinic:
    """A clinic that sends text messages through the provider."""
    here = clinic(session)
    secret = Settings.from_env().secret_key
    providers.put(session, here.admin, Channel.SMS, provider.url, secret=secret, now=NOW, allowed=["127.0.0.1"])
    return here
