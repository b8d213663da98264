"""Web processes share the connections: whoever has more lets the others be first."""

import socket
import time

import pytest
from gunicorn.workers.gthread import ThreadWorker

from hms_web.serving import MOST_SECONDS, EvenThreads
from tests.servers import ROOT

Did = list[float | str]


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> Did:
    """What a worker does, in order: seconds that it waits, and taking a connection."""
    done: Did = []
    monkeypatch.setattr(time, "sleep", done.append)
    monkeypatch.setattr(ThreadWorker, "accept", lambda _worker, _listener: done.append("takes it"))
    return done


def offered(has: int) -> None:
    worker = object.__new__(EvenThreads)
    worker.nr_conns = has
    with socket.socket() as listener:
        worker.accept(listener)


def test_who_has_none_takes_a_connection_at_once(did: Did) -> None:
    offered(has=0)
    assert did == ["takes it"]


def test_who_has_more_waits_longer_but_never_long(did: Did) -> None:
    for has in (1, 8, 16, 400):
        offered(has=has)
    waited = [one for one in did if isinstance(one, float)]
    assert did == [each for one in waited for each in (one, "takes it")]
    assert sorted(set(waited)) == waited, "two that have unlike many would come at the same time"
    assert waited[-1] == MOST_SECONDS <= 0.001


def test_the_product_is_served_by_it() -> None:
    settings: dict[str, object] = {}
    exec((ROOT / "gunicorn.conf.py").read_text(), {"__name__": "gunicorn"}, settings)  # noqa: S102
    assert settings["worker_class"] == f"{EvenThreads.__module__}.{EvenThreads.__qualname__}"
