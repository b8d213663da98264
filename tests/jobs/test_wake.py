"""Redis is told of messages by a thread of its own: no request waits for it, and of a burst it hears a few times."""

import socket
import threading

import pytest
import redis as redis_client
from rq import Queue

from hms_web.jobs import wake
from hms_web.jobs.resources import QUEUE
from hms_web.jobs.wake import Waker
from hms_web.local.processes import LOOPBACK

LONG_SECONDS = 10


def test_who_asks_does_not_wait_for_a_redis_that_says_nothing() -> None:
    with socket.create_server((LOOPBACK, 0)) as deaf:
        waker = Waker(f"redis://{LOOPBACK}:{deaf.getsockname()[1]}/0")
        waker.ask()
        assert waker.settle(LONG_SECONDS)
    assert waker._quiet_until > 0, "it is left alone for a while"


def test_of_a_burst_redis_hears_once_while_it_answers_and_once_after(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, may_answer = threading.Event(), threading.Event()
    heard: list[str | None] = []

    def hear(_waker: Waker, asked_by: str | None) -> None:
        heard.append(asked_by)
        asked.set()
        assert may_answer.wait(LONG_SECONDS)

    monkeypatch.setattr(Waker, "_queue", hear)
    waker = Waker("redis://127.0.0.1:1/0")
    waker.ask()
    assert asked.wait(LONG_SECONDS)
    for _ in range(50):  # while Redis has not answered yet: what is committed now may be too late for the first
        waker.ask()
    may_answer.set()
    assert waker.settle(LONG_SECONDS)
    assert len(heard) == 2


def test_the_thread_ends_when_nobody_asks_and_begins_anew(
    redis: redis_client.Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[threading.Thread] = []

    class Noted(threading.Thread):
        def start(self) -> None:
            begun.append(self)
            super().start()

    monkeypatch.setattr(threading, "Thread", Noted)
    monkeypatch.setattr(wake, "_LINGER_SECONDS", 0.01)
    waker, queue = Waker(redis_url), Queue(QUEUE, connection=redis)
    for count in (1, 2):
        waker.ask()
        assert waker.settle(LONG_SECONDS)
        assert (len(queue.jobs), len(begun)) == (count, count)
        begun[-1].join(LONG_SECONDS)
        assert not begun[-1].is_alive()
        wake.forget(redis)


def test_who_asks_where_no_thread_can_be_had_has_lost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            message = "can't start new thread"
            raise RuntimeError(message)

    waker = Waker("redis://127.0.0.1:1/0")
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Thread", Refused)
        waker.ask()
        assert waker.settle(0), "nobody waits for what is not under way"
    waker.ask()
    assert waker.settle(LONG_SECONDS)
    assert waker._quiet_until > 0, "the next one asks"
