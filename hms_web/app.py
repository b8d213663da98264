"""`create_app`: the one place where everything is wired together."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import TypeVar
from urllib.parse import urlsplit

import redis
import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from hms_web.api import register as register_api
from hms_web.api.job_health import KEY_HASHES
from hms_web.config import SETTING_NAMES, ConfigError, Environment, Settings, engine_options
from hms_web.jobs.wake import Waker
from hms_web.logs import REQUEST_ID_HEADER, begin, configure_logging
from hms_web.models import db
from hms_web.services import calendar_feed, cron_keys, outbox, passwords, scheduler_pulse, sign_in_limits, unit_of_work
from hms_web.services.providers import PROVIDER_HOSTS
from hms_web.services.sealing import SECRET_KEYS
from hms_web.web import register as register_web
from hms_web.web.cookies import Cookies
from hms_web.web.hardening import Hardened
from hms_web.web.metrics import ACCESS as METRICS_ACCESS

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / "migrations"
VENDOR = ROOT / "build" / "static" / "vendor"
MEBIBYTE = 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost")
ASKS_FOR_TLS = re.compile(r"(?:^|&)sslmode=(?:require|verify-ca|verify-full)(?:&|$)")
# Where an app keeps its settings and its Redis: `app.extensions[...]`.
EXTENSION = "hms"
REDIS = "hms_redis"
WAKER = "hms_waker"
# Asked every few seconds, or for every file of a page: not worth a line.
QUIET = frozenset({"probes.healthz", "probes.readyz", "metrics.scrape", "static", "vendor.static", "assets.file"})


log = structlog.get_logger(__name__)
T = TypeVar("T")


class Outpatients(Flask):
    """Flask, without what it finds out anew for each request though it never changes."""

    def ensure_sync(self, func: T) -> T:
        """Return a function as it is: none of ours is a coroutine."""
        return func


def create_app(config: Settings | Mapping[str, object] | None = None) -> Flask:
    """Make the application.

    `config` is settings, or a mapping laid out like the environment (HMS_ENV, DATABASE_URL, ...) whose other upper-case
    names go to Flask as they are; without it the process's own environment is read. Raises `ConfigError`.
    """
    settings, extra = _settings(config)
    if settings.database_url is None or settings.redis_url is None:
        missing = "DATABASE_URL" if settings.database_url is None else "REDIS_URL"
        message = f"{missing} is not set: name a server, or start everything with `hms run`."
        raise ConfigError(message)
    configure_logging()
    if settings.is_production and (names := without_tls(settings)):
        log.warning("without_tls", settings=names)
    app = Outpatients(
        "hms_web",
        root_path=str(ROOT / "hms_web"),
        template_folder=ROOT / "templates",
        static_folder=str(ROOT / "static"),
    )
    app.session_interface = Cookies()
    app.config.from_mapping(_flask_config(settings, settings.database_url))
    app.config.from_mapping(extra)
    app.extensions[EXTENSION] = settings
    app.wsgi_app = Hardened(app.wsgi_app, is_production=settings.is_production)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.before_request(_begin)  # before anything that could answer
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS))
    app.extensions[REDIS] = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=4)
    app.extensions[scheduler_pulse.EXTENSION] = app.extensions[REDIS]
    app.extensions[sign_in_limits.EXTENSION] = sign_in_limits.SignInLimits(settings.redis_url)
    app.extensions[WAKER] = Waker(settings.redis_url)
    app.extensions[calendar_feed.EXTENSION] = calendar_feed.CalendarLimits(settings.redis_url)
    app.extensions[cron_keys.EXTENSION] = cron_keys.TriggerLimits(settings.redis_url)
    app.register_blueprint(_probes())
    app.register_blueprint(Blueprint("vendor", __name__, static_folder=str(VENDOR), static_url_path="/static/vendor"))
    app.after_request(_name)
    register_web(app)
    register_api(app)
    app.after_request(_log_request)
    app.after_request(_wake_worker)
    app.teardown_appcontext(_let_go)
    return app


def without_tls(settings: Settings) -> list[str]:
    """Return the names of the servers that are asked over the network without TLS being asked for."""
    database, redis_url = urlsplit(settings.database_url or ""), urlsplit(settings.redis_url or "")
    is_safe = {"DATABASE_URL": bool(ASKS_FOR_TLS.search(database.query)), "REDIS_URL": redis_url.scheme != "redis"}
    hosts = {"DATABASE_URL": database.hostname, "REDIS_URL": redis_url.hostname}
    return [name for name, host in hosts.items() if host and not is_safe[name] and host not in LOOPBACK]


def _settings(config: Settings | Mapping[str, object] | None) -> tuple[Settings, dict[str, object]]:
    if config is None or isinstance(config, Settings):
        return config or Settings.from_env(), {}
    known = {name: str(value) for name, value in config.items() if name in SETTING_NAMES}
    return Settings.from_env(known), {name: value for name, value in config.items() if name not in SETTING_NAMES}


def _flask_config(settings: Settings, database_url: str) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        SECRET_KEYS: settings.secret_keys,
        "TESTING": settings.env is Environment.TESTING,
        "MAX_CONTENT_LENGTH": MEBIBYTE,
        "MAX_FORM_MEMORY_SIZE": MEBIBYTE,
        "MAX_FORM_PARTS": 1000,
        "SESSION_COOKIE_NAME": "__Host-session" if settings.is_production else "session",
        "SESSION_COOKIE_SECURE": settings.is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        # The machine's own probes ask by its loopback; a link that leads there is of use to nobody.
        "TRUSTED_HOSTS": _trusted_hosts(settings),
        "SQLALCHEMY_DATABASE_URI": database_url,
        METRICS_ACCESS: settings.metrics,
        PROVIDER_HOSTS: settings.provider_hosts,
        KEY_HASHES: tuple(passwords.secret_hash(key) for key in settings.cron_api_keys),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(),
    }


def _trusted_hosts(settings: Settings) -> list[str] | None:
    """The hosts that are answered; None means any. Without a list, production answers to its own machine only."""
    if not settings.trusted_hosts and not settings.is_production:
        return None
    return [*settings.trusted_hosts, *LOOPBACK]


def _probes() -> Blueprint:
    """`/healthz`: this process lives; `/readyz`: it can work. Neither asks who calls."""
    probes = Blueprint("probes", __name__)

    @probes.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(status="ok")

    @probes.get("/readyz")
    def readyz() -> ResponseReturnValue:
        failing = [
            name for name, answers in (("database", _database_answers), ("redis", _redis_answers)) if not answers()
        ]
        if failing:
            return jsonify(status="unavailable", failing=failing), 503, {"Retry-After": "5"}
        return jsonify(status="ready")

    return probes


def _database_answers() -> bool:
    try:
        with db.engine.connect() as connection:
            connection.execute(sa.text("SET LOCAL statement_timeout = '2s'"))
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError as error:
        log.warning("database_does_not_answer", error=type(error).__name__)
        return False
    return True


def _redis_answers() -> bool:
    client: redis.Redis = current_app.extensions[REDIS]
    try:
        return bool(client.ping())
    except redis.RedisError as error:
        log.warning("redis_does_not_answer", error=type(error).__name__)
        return False


def _name(response: Response) -> Response:
    """Say under which id the log knows of the request."""
    response.headers[REQUEST_ID_HEADER] = g.get("hms_request_id") or begin()
    return response


def _wake_worker(response: Response) -> Response:
    """Ask for a delivery when this request has committed messages; what was rolled back asks for nothing."""
    if db.session.registry.has() and outbox.TO_DELIVER in unit_of_work.committed(db.session()):
        waker: Waker = current_app.extensions[WAKER]
        waker.ask()
    return response


def _let_go(_error: BaseException | None) -> None:
    """Close the request's session, before Flask-SQLAlchemy would.

    The answer is there, and may say what has been committed: a connection that breaks while it is given back must not
    turn it into an error.
    """
    try:
        db.session.remove()
    except sa.exc.DBAPIError as error:
        db.session.registry.clear()
        log.warning("connection_lost", error=type(error).__name__)


def _begin() -> None:
    """Give the request its id; one that comes along is believed only where a proxy of ours has written it."""
    settings: Settings = current_app.extensions[EXTENSION]
    g.hms_request_id = begin(request.headers.get(REQUEST_ID_HEADER) if settings.trusted_proxies else None)
    g.hms_began = perf_counter()


def _log_request(response: Response) -> Response:
    """One line a request: the route's pattern, never the path or the query, which could name a patient.

    None for an open page that asks every few seconds and is told that there is nothing new.
    """
    found_nothing = response.status_code == HTTPStatus.NO_CONTENT and "X-Poll" in request.headers
    if request.endpoint not in QUIET and not found_nothing:
        log.info(
            "request",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else "unmatched",
            status=response.status_code,
            ms=round((perf_counter() - g.get("hms_began", perf_counter())) * 1000, 1),
        )
    return response
