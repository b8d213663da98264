"""Every setting of the product, read once from the environment and then frozen.

`Settings.from_env` either returns settings that can be used or raises `ConfigError` with one sentence that names the
setting.
"""

import os
import secrets
import select
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy.exc import InvalidatePoolError

SETTING_NAMES = frozenset(
    {
        "CRON_API_KEY",
        "DATABASE_URL",
        "HMS_DATA_DIR",
        "HMS_ENV",
        "HMS_HOST",
        "HMS_PORT",
        "HMS_PROVIDER_HOSTS",
        "HMS_TRUSTED_HOSTS",
        "HMS_TRUSTED_PROXIES",
        "METRICS_ALLOW",
        "METRICS_TOKEN",
        "REDIS_URL",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
    }
)
HIGHEST_PORT = 65535
LOCK_WAIT_SECONDS = 2
MOST_CRON_KEYS = 2
MOST_FALLBACKS = 2
MOST_PROXIES = 8
SHORTEST_SECRET = 16
TRUSTED_SECONDS = 30.0
RECYCLED_SECONDS = 1800
"""So old a connection to the database becomes."""


class ConfigError(ValueError):
    """A setting is missing or wrong; the message is one sentence for the person who starts the product."""


class Environment(StrEnum):
    """Where the product runs."""

    PRODUCTION = "production"
    DEMO = "demo"
    TESTING = "testing"


@dataclass(frozen=True, slots=True)
class MetricsAccess:
    """Who may read the metrics: who has the token, or asks from one of the networks."""

    token: str | None
    networks: tuple[IPv4Network | IPv6Network, ...]

    @property
    def is_open(self) -> bool:
        """Whether anybody may."""
        return self.token is not None or bool(self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings; the comment above each is its documentation."""

    # HMS_ENV: production (default), demo (demo data and demo logins), or testing.
    env: Environment
    # DATABASE_URL: a PostgreSQL 15 or newer, as postgresql://user:password@host/name. Without it `hms run` starts its
    # own.
    database_url: str | None
    # REDIS_URL: a Redis 6.2 or newer, or Valkey, as redis://host/0. Without it `hms run` starts its own.
    redis_url: str | None
    # SECRET_KEY: signs cookies; at least 16 characters. Required in production; the demo makes one and keeps it in
    # HMS_DATA_DIR.
    secret_key: str
    # CRON_API_KEY: what the external trigger of the no-show check presents, at least 16 characters; two, separated by a
    # comma, while one is exchanged. Unset, only keys of `hms jobs key create` are valid.
    cron_api_keys: tuple[str, ...]
    # METRICS_TOKEN: what Prometheus presents to read /metrics, at least 16 characters. METRICS_ALLOW: addresses and
    # networks that may read it without, separated by commas. Unset, there is no such page.
    metrics: MetricsAccess
    # HMS_DATA_DIR: where the embedded servers and the demo keep their data (default: var).
    data_dir: Path
    # HMS_HOST: the address `hms run` listens on (default: 127.0.0.1).
    host: str
    # HMS_PORT: the port `hms run` listens on (default: 8000).
    port: int
    # HMS_TRUSTED_HOSTS: the host names we answer to, separated by commas; one-time links are made from them. Unset,
    # production answers to its own machine only (127.0.0.1, localhost), and the demo to any.
    trusted_hosts: tuple[str, ...]
    # HMS_TRUSTED_PROXIES: how many proxies stand before us and write X-Forwarded-* (default: 0, those headers are not
    # believed).
    trusted_proxies: int
    # HMS_PROVIDER_HOSTS: hosts inside the network that may be providers of messages, or the proxy on the way to them,
    # separated by commas. Unset, none of them may.
    provider_hosts: tuple[str, ...] = ()
    # SECRET_KEY_FALLBACKS: while SECRET_KEY is exchanged, the former key, or the coming one, at most two, separated by
    # commas: what they signed or encrypted is taken, and nothing new is made with them. Never one that was seen.
    secret_key_fallbacks: tuple[str, ...] = ()

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """SECRET_KEY, and after it those that are taken beside it."""
        return self.secret_key, *self.secret_key_fallbacks

    @property
    def is_demo(self) -> bool:
        """Whether demo data and demo logins exist."""
        return self.env is Environment.DEMO

    @property
    def is_production(self) -> bool:
        """Whether cookies must be secure and secrets given."""
        return self.env is Environment.PRODUCTION

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ` (default: the process's own environment)."""
        given = {name: value.strip() for name, value in (os.environ if environ is None else environ).items()}
        env = _environment(given.get("HMS_ENV") or Environment.PRODUCTION)
        data_dir = Path(given.get("HMS_DATA_DIR") or "var").expanduser().absolute()
        return cls(
            env=env,
            database_url=_database_url(given.get("DATABASE_URL", "")),
            redis_url=_redis_url(given.get("REDIS_URL", "")),
            secret_key=_secret_key(given.get("SECRET_KEY", ""), env, data_dir),
            cron_api_keys=_keys("CRON_API_KEY", given.get("CRON_API_KEY", ""), MOST_CRON_KEYS),
            metrics=_metrics(given.get("METRICS_TOKEN", ""), given.get("METRICS_ALLOW", "")),
            data_dir=data_dir,
            host=given.get("HMS_HOST") or "127.0.0.1",
            port=_whole("HMS_PORT", given.get("HMS_PORT") or "8000", 1, HIGHEST_PORT),
            trusted_hosts=_listed(given.get("HMS_TRUSTED_HOSTS", "")),
            trusted_proxies=_whole("HMS_TRUSTED_PROXIES", given.get("HMS_TRUSTED_PROXIES") or "0", 0, MOST_PROXIES),
            provider_hosts=_listed(given.get("HMS_PROVIDER_HOSTS", "")),
            secret_key_fallbacks=_keys("SECRET_KEY_FALLBACKS", given.get("SECRET_KEY_FALLBACKS", ""), MOST_FALLBACKS),
        )


def engine_options() -> dict[str, Any]:
    """How an engine connects: nothing waits for long.

    A stuck database then ends in a quick 503 and not in a pile of threads. An error never names a statement's values,
    which are what somebody wrote about a patient.
    """
    server_side = {
        "timezone": "UTC",
        "lock_timeout": f"{LOCK_WAIT_SECONDS}s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",
        "random_page_cost": "1.1",  # what is asked for all day lies in memory, and the rest on flash
    }
    connect_args = {
        "options": " ".join(f"-c {name}={value}" for name, value in server_side.items()),
        "connect_timeout": 4,
        "application_name": "hms",
    }
    return {
        "hide_parameters": True,
        "connect_args": connect_args,
        "pool_size": 5,  # one for each of gunicorn's four threads, and one to spare
        "max_overflow": 5,
        "pool_timeout": 4,
        "pool_events": [(_look, "checkout")],
        "pool_recycle": RECYCLED_SECONDS,
    }


def _look(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401 what a pool's event gets
    """See whether a pooled connection still lives, as far as possible without a question to the server.

    A server that ended has said so: then there is something to read. One whose machine vanished says nothing, so a
    connection that lay idle for long is asked all the same.
    """
    now = time.monotonic()
    idle_since = record.info.get("hms_used_at", now)
    record.info["hms_used_at"] = now
    ear = select.poll()
    ear.register(connection.fileno(), select.POLLIN)
    if now - idle_since < TRUSTED_SECONDS and not ear.poll(0):
        return
    try:
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = False
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def _environment(value: str) -> Environment:
    try:
        return Environment(value)
    except ValueError:
        message = f"HMS_ENV is {value!r}; it can be production, demo or testing."
        raise ConfigError(message) from None


def _database_url(value: str) -> str | None:
    if not value:
        return None
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        message = "DATABASE_URL does not name a PostgreSQL database: it has to begin with postgresql://."
        raise ConfigError(message)
    return f"postgresql://{rest}"


def _redis_url(value: str) -> str | None:
    if not value:
        return None
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        message = "REDIS_URL does not name a Redis: it has to begin with redis://, rediss:// or unix://."
        raise ConfigError(message)
    return value


def _whole(name: str, value: str, lowest: int, highest: int) -> int:
    if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
        message = f"{name} is {value!r}; it has to be a whole number from {lowest} to {highest}."
        raise ConfigError(message)
    return int(value)


def _secret_key(value: str, env: Environment, data_dir: Path) -> str:
    if value and len(value) < SHORTEST_SECRET:
        message = f"SECRET_KEY is too short: it needs at least {SHORTEST_SECRET} characters."
        raise ConfigError(message)
    if value:
        return value
    if env is Environment.TESTING:
        return "only-for-tests-never-secret"
    if env is Environment.DEMO:
        return kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(48))
    message = "SECRET_KEY is not set: give it a long random value, or start the demo with HMS_ENV=demo."
    raise ConfigError(message)


def _keys(name: str, value: str, most: int) -> tuple[str, ...]:
    keys = _listed(value)
    if any(len(key) < SHORTEST_SECRET for key in keys):
        message = f"{name} is too short: each key needs at least {SHORTEST_SECRET} characters."
        raise ConfigError(message)
    if len(keys) > most:
        message = f"{name} holds {len(keys)} keys; it can hold {most}."
        raise ConfigError(message)
    return keys


def _metrics(token: str, allow: str) -> MetricsAccess:
    if token and len(token) < SHORTEST_SECRET:
        message = f"METRICS_TOKEN is too short: it needs at least {SHORTEST_SECRET} characters."
        raise ConfigError(message)
    try:
        return MetricsAccess(token or None, tuple(ip_network(one) for one in _listed(allow)))
    except ValueError:
        message = "METRICS_ALLOW holds what is no address or network: write like 10.0.0.7, 10.1.0.0/16."
        raise ConfigError(message) from None


def _listed(value: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in value.split(",") if one.strip())


def kept(path: Path, make: Callable[[], str]) -> str:
    """What stands in the private file at `path`; it is made if there is none, and two that make it agree on one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_name(f".{path.name}.{os.getpid()}")
        if not path.exists():
            with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(make())
            with suppress(FileExistsError):
                path.hardlink_to(own)
            own.unlink()
        return path.read_text().strip()
    except OSError as error:
        message = f"HMS_DATA_DIR cannot be used: {error.strerror} ({error.filename})."
        raise ConfigError(message) from error
