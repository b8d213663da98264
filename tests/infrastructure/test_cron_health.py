"""The Lambda's handler against moto's AWS and a running server of the product."""

import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from sqlalchemy.orm import Session

from hms_web.local.processes import LOOPBACK, free_port
from tests import fault_proxy
from tests.fault_proxy import Fate, Fault, FaultProxy
from tests.processes import Server, serving
from tests.scenes import NOW, clinic
from tests.servers import ROOT, Servers

KEY, REGION = "a key that only the secret holds", "ap-south-1"
SECRET = "hms-cron-api-key-test"
AFTERNOON = NOW + timedelta(hours=5)


def load() -> ModuleType:
    """The handler's module, as Lambda loads it: by its file."""
    spec = importlib.util.spec_from_file_location("cron_health", ROOT / "infrastructure/lambda/cron_health.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["cron_health"] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@dataclass
class Cloud:
    """An account of AWS with the topic and the secret, and the handler in it."""

    handler: Any
    monkeypatch: pytest.MonkeyPatch
    secrets: Any

    def call(self, url: str) -> dict[str, Any]:
        self.monkeypatch.setenv("BACKEND_URL", url)
        done: dict[str, Any] = self.handler({}, None)
        return done

    def published(self) -> dict[str, list[float]]:
        """The values of each metric, in order of the calls."""
        found: dict[str, list[float]] = {"CronHealthStatus": [], "CronExecutionDuration": []}
        for datum in cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].metric_data:
            assert datum.namespace == "HMS/CronJobs"
            assert [(one.name, one.value) for one in datum.dimensions] == [("Environment", "test")]
            found[datum.name].append(datum.value)  # type: ignore[attr-defined]
        return found

    def mails(self) -> list[str]:
        """What was told through the topic."""
        topic = next(iter(sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics.values()))
        return [str(entry[1]) for entry in topic.sent_notifications]


@pytest.fixture(scope="module")
def account() -> Iterator[Any]:
    """An account with the topic and the secret, and what writes the secret: to make one takes as long as ten tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "ENVIRONMENT": "test",
            "CRON_API_KEY_SECRET": SECRET,
            "TIMEOUT_SECONDS": "20",
        }.items():
            patch.setenv(name, value)
        with mock_aws():
            patch.setenv("SNS_TOPIC_ARN", boto3.client("sns").create_topic(Name="hms-cron-alerts-test")["TopicArn"])
            secrets = boto3.client("secretsmanager")
            secrets.create_secret(Name=SECRET, SecretString=f"{KEY}\n")
            yield secrets


@pytest.fixture
def cloud(account: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The account in which nothing was published or told yet, and a handler that has just been loaded."""
    cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].metric_data.clear()
    for topic in sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics.values():
        topic.sent_notifications.clear()
    yield Cloud(load().handler, monkeypatch, account)
    account.put_secret_value(SecretId=SECRET, SecretString=f"{KEY}\n")


@pytest.fixture(scope="module")
def served(servers: Servers, worker_number: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server process at one in the afternoon, with one hospital."""
    with serving(servers, worker_number, tmp_path_factory.mktemp("trigger")) as start:
        running = start(processes=1, env={"HMS_TEST_NOW": AFTERNOON.isoformat(), "CRON_API_KEY": KEY})
        engine = sa.create_engine(running.database_url)
        with Session(engine) as session:
            clinic(session)
        engine.dispose()
        yield running


@pytest.fixture
def running(served: Server) -> Iterator[Server]:
    """The server without a run of another test, which a call of the same second would be given."""
    yield served
    with changed(served, "DELETE FROM job_leases", "DELETE FROM cron_job_runs"):
        pass


@contextmanager
def changed(running: Server, to: str, back: str) -> Iterator[None]:
    """Change the server's database by one statement, and back by another."""
    engine = sa.create_engine(running.database_url)

    def say(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(sa.text(statement))

    say(to)
    try:
        yield
    finally:
        say(back)
        engine.dispose()


@contextmanager
def answering(answer: Any) -> Iterator[str]:
    """A server that answers each POST as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self)

        def log_message(self, *_args: Any) -> None:
            return

    httpd = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))  # how often it looks whether it is to end
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def answer_with(status: int, body: bytes = b"", **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def cut_off(status: int) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "2000")
        handler.end_headers()
        handler.wfile.write(b'{"status": "success", "durationMs": 12')
        handler.connection.shutdown(socket.SHUT_RDWR)

    return answer


def assert_told(cloud: Cloud, reason: str) -> None:
    (mail,) = cloud.mails()
    assert reason in mail
    assert KEY not in mail


def test_a_check_that_goes_well_is_one_and_its_duration(cloud: Cloud, running: Server) -> None:
    assert cloud.call(running.url) == {"healthy": True, "reason": "success"}
    published = cloud.published()
    assert published["CronHealthStatus"] == [1]
    assert len(published["CronExecutionDuration"]) == 1
    assert published["CronExecutionDuration"][0] < 30_000
    assert cloud.mails() == []


def test_a_run_under_way_is_well(cloud: Cloud, running: Server) -> None:
    cloud.call(running.url)
    lease = "UPDATE job_leases SET expires_at = clock_timestamp() {} interval '5 minutes'"
    with changed(running, lease.format("+"), lease.format("-")):
        assert cloud.call(running.url) == {"healthy": True, "reason": "a run is under way"}
    assert cloud.published()["CronHealthStatus"] == [1, 1]
    assert cloud.mails() == []


def test_a_wrong_key_is_not(cloud: Cloud, running: Server) -> None:
    cloud.secrets.put_secret_value(SecretId=SECRET, SecretString="an old key")
    assert cloud.call(running.url)["reason"] == "answered 401 (WRONG_API_KEY)"
    assert cloud.published()["CronHealthStatus"] == [0]
    assert_told(cloud, "answered 401 (WRONG_API_KEY)")


def test_a_run_that_failed_is_not(cloud: Cloud, running: Server) -> None:
    """The database of this server no longer has the table that the sweep reads."""
    gone = "ALTER TABLE appointments RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO appointments"
    with changed(running, *gone):
        assert cloud.call(running.url)["reason"] == "answered 503 (RUN_FAILED)"
    assert cloud.published()["CronHealthStatus"] == [0]
    assert_told(cloud, "answered 503 (RUN_FAILED)")


def test_no_answer_in_time_is_not(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEOUT_SECONDS", "0.3")
    with socket.create_server((LOOPBACK, 0)) as silent:
        assert cloud.call(f"http://{LOOPBACK}:{silent.getsockname()[1]}")["healthy"] is False
    assert cloud.published()["CronHealthStatus"] == [0]
    assert_told(cloud, "no answer in time")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fault_proxy.silence, "cut off"),
        (fault_proxy.half, "an answer"),
        (lambda _piece: Fate(delay=9), "no answer in time"),
    ],
    ids=["cut before it answers", "cut in the middle", "late"],
)
def test_the_products_own_answer_cut_on_its_way_is_not(
    cloud: Cloud, running: Server, monkeypatch: pytest.MonkeyPatch, fault: Fault, reason: str
) -> None:
    monkeypatch.setenv("TIMEOUT_SECONDS", "3")
    with FaultProxy(running.url.removeprefix("http://")) as proxy:
        assert cloud.call(f"http://{proxy.address}")["healthy"] is True
        proxy.fault = fault
        assert cloud.call(f"http://{proxy.address}")["healthy"] is False
    assert cloud.published()["CronHealthStatus"] == [1, 0]
    assert len(cloud.published()["CronExecutionDuration"]) == 2
    assert_told(cloud, reason)


def test_a_trickle_that_never_ends_is_no_answer_in_time(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """No single wait is long: only the whole is."""
    monkeypatch.setenv("TIMEOUT_SECONDS", "0.5")
    ended = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not ended.wait(0.05):
            handler.wfile.write(b" ")

    with answering(trickle) as url:
        told = cloud.call(url)
        ended.set()
    assert told == {"healthy": False, "reason": "no answer in time"}
    assert cloud.published()["CronHealthStatus"] == [0]


def test_people_are_told_although_nothing_can_be_published(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_outcome: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(sys.modules["cron_health"], "_publish", failing)
    with pytest.raises(ConnectionError):
        cloud.call(f"http://{LOOPBACK}:{free_port()}")
    assert_told(cloud, "not reachable")


@pytest.mark.parametrize("secret", ["two\nlines", "é"])
def test_a_key_that_is_no_header_is_published_too(cloud: Cloud, secret: str) -> None:
    cloud.secrets.put_secret_value(SecretId=SECRET, SecretString=secret)
    with answering(answer_with(401)) as url:
        assert cloud.call(url)["healthy"] is False
    assert cloud.published()["CronHealthStatus"] == [0]
    assert len(cloud.mails()) == 1


def test_nobody_at_the_address_is_not(cloud: Cloud) -> None:
    assert cloud.call(f"http://{LOOPBACK}:{free_port()}")["healthy"] is False
    assert cloud.published()["CronHealthStatus"] == [0]
    assert_told(cloud, "not reachable")


@pytest.mark.parametrize(
    "answer",
    [
        answer_with(200, b"<html>a proxy's own page</html>"),
        answer_with(200, json.dumps({"status": "success"}).encode()),
        answer_with(204),
        answer_with(502, b"Bad gateway"),
        answer_with(302, Location="http://192.0.2.1/"),
        answer_with(200, b"[" * 60_000),
        answer_with(503, b"[" * 60_000),
        answer_with(503, b'{"code": ["a list"]}'),
        lambda handler: handler.wfile.write(b"HTTP/9.9 what?\r\n\r\n"),
        cut_off(200),
        cut_off(401),
        cut_off(503),
    ],
    ids=[
        *("another page", "without figures", "empty", "bad gateway", "elsewhere", "deep", "a deep refusal", "odd code"),
        *("garbled", "a success cut off", "a 401 cut off", "a 503 cut off"),
    ],
)
def test_an_answer_that_is_none_of_ours_is_not(cloud: Cloud, answer: Any) -> None:
    with answering(answer) as url:
        assert cloud.call(url)["healthy"] is False
    assert cloud.published()["CronHealthStatus"] == [0]
    assert len(cloud.mails()) == 1


def test_a_key_that_cannot_be_read_is_not(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRON_API_KEY_SECRET", "another")
    assert cloud.call("http://127.0.0.1:1")["reason"].startswith("the key cannot be read")
    assert cloud.published() == {"CronHealthStatus": [0], "CronExecutionDuration": []}
    assert_told(cloud, "the key cannot be read")
