"""The Lambda that watches the no-show check: calls the external trigger, publishes how it went, and tells people.

Environment: BACKEND_URL, CRON_API_KEY_SECRET (the secret's ARN or name), SNS_TOPIC_ARN, ENVIRONMENT; perhaps
TIMEOUT_SECONDS, which the whole call may take. Metrics, in HMS/CronJobs with the dimension Environment:
CronHealthStatus (1 well, 0 not) and CronExecutionDuration (milliseconds).

Whatever goes wrong with the call is published and told. The handler raises only what AWS itself does then: with nothing
published, the missing data alarms.
"""

import json
import os
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

NAMESPACE = "HMS/CronJobs"
PATH = "/api/v1/no-show/external-trigger"
HEADER = "x-cron-api-key"
TIMEOUT_SECONDS = 30.0
LONGEST_REASON = 300
LONGEST_ANSWER = 65_536

# With both calls of AWS that follow the one of the product, within the Lambda's own sixty seconds.
_AWS = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2})


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows nobody: the key is for the product only."""

    def redirect_request(self, *_args: object, **_rest: object) -> None:
        return None


_opener = urllib.request.build_opener(_StayHere)


@dataclass(frozen=True)
class Outcome:
    """How a call went: `reason` says what was wrong, `took_ms` how long the check took, where there was one."""

    is_healthy: bool
    reason: str
    took_ms: int | None


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Call the trigger once and publish what came of it."""
    outcome = _in_time()
    try:
        _publish(outcome)
    finally:
        if not outcome.is_healthy:
            _tell(outcome)
    print(json.dumps({"healthy": outcome.is_healthy, "reason": outcome.reason, "ms": outcome.took_ms}))  # noqa: T201
    return {"healthy": outcome.is_healthy, "reason": outcome.reason}


def _in_time() -> Outcome:
    """Call, and wait for no longer than the whole may take: a trickle of an answer never runs into a socket's limit."""
    longest, began = float(os.environ.get("TIMEOUT_SECONDS", TIMEOUT_SECONDS)), time.monotonic()
    outcomes: list[Outcome] = []

    def call() -> None:
        try:
            outcomes.append(_call(longest, began))
        except Exception as error:  # noqa: BLE001 whatever it is, it has to be published
            words = f"the call failed: {type(error).__name__}"
            outcomes.append(Outcome(is_healthy=False, reason=words, took_ms=_since(began)))

    calling = threading.Thread(target=call, daemon=True)
    calling.start()
    calling.join(longest)
    return outcomes[0] if outcomes else _late(began)


def _late(began: float) -> Outcome:
    return Outcome(is_healthy=False, reason="no answer in time", took_ms=_since(began))


def _call(longest: float, began: float) -> Outcome:
    try:
        key = _key()
    except (BotoCoreError, ClientError, KeyError) as error:
        return Outcome(is_healthy=False, reason=f"the key cannot be read: {type(error).__name__}", took_ms=None)
    request = urllib.request.Request(  # noqa: S310 the address is ours, and https by the variable's own rule
        os.environ["BACKEND_URL"].rstrip("/") + PATH, data=b"", method="POST", headers={HEADER: key}
    )
    try:
        with _opener.open(request, timeout=longest) as answer:
            status, body = answer.status, answer.read(LONGEST_ANSWER)
    except urllib.error.HTTPError as error:
        return Outcome(is_healthy=False, reason=_refusal(error), took_ms=_since(began))
    except (HTTPException, OSError) as error:
        return _broken(error, began)
    return _judge(status, body, _since(began))


def _broken(error: Exception, began: float) -> Outcome:
    """Say what kept an answer from coming whole."""
    if isinstance(getattr(error, "reason", error), TimeoutError):
        return _late(began)
    where = "not reachable" if isinstance(error, urllib.error.URLError) else "the answer was cut off or is none"
    return Outcome(is_healthy=False, reason=f"{where}: {type(error).__name__}", took_ms=_since(began))


def _key() -> str:
    secret = boto3.client("secretsmanager", config=_AWS).get_secret_value(SecretId=os.environ["CRON_API_KEY_SECRET"])
    return str(secret["SecretString"]).strip()


def _judge(status: int, body: bytes, took_ms: int) -> Outcome:
    if status == HTTPStatus.ACCEPTED:
        return Outcome(is_healthy=True, reason="a run is under way", took_ms=None)
    try:
        done = json.loads(body)
        own_ms = done["durationMs"] if done["status"] == "success" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        own_ms = None
    if status != HTTPStatus.OK or not isinstance(own_ms, int):
        return Outcome(is_healthy=False, reason=f"an answer that is none of the product's ({status})", took_ms=took_ms)
    return Outcome(is_healthy=True, reason="success", took_ms=own_ms)


def _refusal(error: urllib.error.HTTPError) -> str:
    """Return status and code of a refusal; never its whole text, which goes out by mail."""
    try:
        code = str(json.loads(error.read(LONGEST_ANSWER))["code"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code = "no problem document"
    except (HTTPException, OSError) as broken:
        code = f"cut off: {type(broken).__name__}"
    return f"answered {error.code} ({code})"[:LONGEST_REASON]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _publish(outcome: Outcome) -> None:
    dimensions = [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}]
    metrics: list[dict[str, Any]] = [
        {"MetricName": "CronHealthStatus", "Value": int(outcome.is_healthy), "Unit": "None", "Dimensions": dimensions}
    ]
    if outcome.took_ms is not None:
        took = {"MetricName": "CronExecutionDuration", "Value": outcome.took_ms, "Unit": "Milliseconds"}
        metrics.append({**took, "Dimensions": dimensions})
    boto3.client("cloudwatch", config=_AWS).put_metric_data(Namespace=NAMESPACE, MetricData=metrics)


def _tell(outcome: Outcome) -> None:
    where, url = os.environ["ENVIRONMENT"], os.environ["BACKEND_URL"]
    boto3.client("sns", config=_AWS).publish(
        TopicArn=os.environ["SNS_TOPIC_ARN"],
        Subject=f"The no-show check failed ({where})"[:100],
        Message=(
            f"The external trigger of the no-show check at {url} did not go well: {outcome.reason}.\n"
            "The page /jobs and docs/operations.md say what to do."
        ),
    )
