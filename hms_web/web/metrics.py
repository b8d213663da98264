"""`/metrics` for Prometheus: for who has the token or asks from an allowed address, and for nobody else."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, cast

import redis
from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from hms_web import clock
from hms_web.config import MetricsAccess
from hms_web.models import db
from hms_web.services import metrics, passwords, scheduler_pulse

blueprint = Blueprint("metrics", __name__)

ACCESS = "METRICS_ACCESS"


@blueprint.get("/metrics")
def scrape() -> ResponseReturnValue:
    """The figures of all processes, and those of the process that answers."""
    if not _may_read():
        return Response("", 401, {"WWW-Authenticate": 'Bearer realm="metrics"'})
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read() -> bool:
    """Whether the caller has the token or asks from an allowed address; where neither is set there is no such page."""
    access: MetricsAccess = current_app.config[ACCESS]
    if not access.is_open:
        abort(404)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    has_token = scheme.lower() == "bearer" and hmac.compare_digest(
        passwords.secret_hash(given.strip()), passwords.secret_hash(access.token or "")
    )
    return (has_token and access.token is not None) or _is_allowed(request.remote_addr, access)


def _is_allowed(address: str | None, access: MetricsAccess) -> bool:
    try:
        asking = ip_address(address or "")
    except ValueError:
        return False
    return any(asking in network for network in access.networks)


class _Figures(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the database once, and give one family a figure."""
        client = cast("redis.Redis", current_app.extensions[scheduler_pulse.EXTENSION])
        now = clock.now()
        pulse = scheduler_pulse.read(client, now=now)
        found = metrics.figures(db.session(), now=now, pulse=pulse)
        yield from _jobs(found.jobs)
        yield _one("hms_outbox_queued", "Messages that wait to be sent.", found.queued)
        yield _one("hms_outbox_oldest_seconds", "How long the oldest of them has waited.", found.oldest_queued)
        waits = "How long the oldest event of the audit trail has waited for its link in the chain."
        yield _one("hms_audit_unchained_seconds", waits, found.oldest_unchained)
        yield _each("hms_messages_to_phone", "Messages that could not be sent: somebody has to call.", found.to_phone)
        yield _each("hms_live_alerts", "Stage alerts that are not over.", found.live_alerts)
        yield _one("hms_redis_up", "Whether Redis answers.", float(pulse.answers))
        heard = pulse.looked_at or pulse.missed_since
        if heard is not None:
            words = "Since the scheduler last looked for what is due, or since no sign of it has been there."
            yield _one("hms_scheduler_silent_seconds", words, (now - heard).total_seconds())


def _jobs(jobs: list[metrics.JobFigures]) -> Iterator[GaugeMetricFamily]:
    labels = ["job", "source", "hospital"]
    families = [
        GaugeMetricFamily("hms_job_healthy", "Whether the job is well: 1 or 0.", labels=labels),
        GaugeMetricFamily("hms_job_consecutive_failures", "Runs that failed in a row.", labels=labels),
        GaugeMetricFamily("hms_job_last_success_seconds", "Since the last run that went well.", labels=labels),
    ]
    for one in jobs:
        where = [str(one.job), one.source.lower() if one.source else "all", str(one.hospital_id)]
        for family, value in zip(
            families, (float(one.is_healthy), one.consecutive_failures, one.silent_for), strict=True
        ):
            if value is not None:
                family.add_metric(where, value)
    yield from families


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _each(name: str, words: str, values: dict[Any, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=["hospital"])
    for hospital_id, value in values.items():
        family.add_metric([str(hospital_id)], value)
    return family
