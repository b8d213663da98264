"""Workers that are killed, stopped, orphaned or doubled in the middle of a sweep (quality.md: J1, J2, J3, J11)."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from hms_web.local.processes import is_alive, wait_until
from tests.faults.yard import DUE, PATIENCE, Yard
from tests.processes import ServerFactory

pytestmark = pytest.mark.fault

MORE_THAN_A_BATCH = DUE + 25
STEPS = {
    "the run is opened": ("AFTER INSERT ON cron_job_runs", 1),
    "in the middle of the batch": ("BEFORE INSERT ON no_show_logs", 250),
    "the batch is written": ("AFTER UPDATE ON patients", 250),
    "in the middle of the second batch": ("BEFORE INSERT ON no_show_logs", DUE + 10),
    "the run is closed": ("BEFORE UPDATE ON cron_job_runs", 1),
}


def done_by_then(step: str) -> int:
    """How many are written for good when a sweep is killed at a step: whole batches."""
    return DUE if step in {"in the middle of the second batch", "the run is closed"} else 0


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_run_completes_it_and_each_is_counted_once(yard: Yard, step: str) -> None:
    due = MORE_THAN_A_BATCH if "second" in step else DUE
    yard.due(due)
    worker = yard.worker()
    place, number = STEPS[step]
    with yard.gate(place, number=number) as gate:
        yard.enqueue()
        gate.await_arrival()
        os.kill(yard.child(worker), signal.SIGKILL)
        worker.kill()
        worker.wait()
    assert yard.count("SELECT count(*) FROM no_show_logs") == done_by_then(step)
    yard.lease_runs_out()
    again = yard.worker()
    assert yard.finish(yard.enqueue()) == "finished"
    yard.each_once(due)
    lost = [] if step == "the run is opened" else [("SCHEDULER", "LOST")]
    assert yard.runs() == [*lost, ("SCHEDULER", "SUCCESS")]
    assert again.poll() is None


@pytest.mark.parametrize("fence", ["with the fence", "control: without it"])
@pytest.mark.parametrize("how", ["stopped", "orphaned"])
def test_a_run_that_wakes_after_its_lease_writes_nothing(yard: Yard, how: str, fence: str) -> None:
    """It stops between two transactions, where it holds no lock. What has become due since shows whether it writes."""
    yard.due(25)
    command = () if fence == "with the fence" else ("tests/faults/without_fence.py",)
    old = yard.worker(*command)
    with yard.gate("BEFORE UPDATE ON job_leases", each="STATEMENT", number=2) as gate:
        yard.enqueue()
        gate.await_arrival()
        child = yard.child(old)
        if how == "orphaned":  # first: a stopped process that becomes an orphan is ended by the kernel
            old.kill()
            old.wait()
        os.kill(child, signal.SIGSTOP)
        yard.lease_runs_out()
        yard.worker()
        assert yard.finish(yard.enqueue()) == "finished"
        assert yard.runs() == [("SCHEDULER", "LOST"), ("SCHEDULER", "SUCCESS")]
        yard.due(25, first=101)
        gate.open()
        os.kill(child, signal.SIGCONT)
        assert wait_until(lambda: _is_done(child), PATIENCE)
    written = yard.count("SELECT count(*) FROM no_show_logs")
    if fence == "with the fence":
        assert written == 25
        assert yard.runs() == [("SCHEDULER", "LOST"), ("SCHEDULER", "SUCCESS")]
    else:
        assert written == 50, "the fence is not what kept it from writing"


def _is_done(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to ask how it ended."""
    if not is_alive(pid):
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_two_workers_with_one_tick_are_one_run(yard: Yard) -> None:
    yard.due()
    yard.worker()
    yard.worker()
    with yard.gate("BEFORE INSERT ON no_show_logs", number=100) as gate:
        first, second = yard.enqueue(), yard.enqueue()
        gate.await_arrival()
        assert wait_until(lambda: "finished" in {first.get_status(), second.get_status()}, PATIENCE)
        gate.open()
        assert {yard.finish(first), yard.finish(second)} == {"finished"}
    third = yard.enqueue()
    assert yard.finish(third) == "finished"
    assert yard.runs() == [("SCHEDULER", "SUCCESS")], "a tick that comes late is the same one"
    yard.each_once()


def test_without_the_lease_two_workers_with_one_tick_are_two_runs(yard: Yard) -> None:
    yard.due()
    yard.run("DROP INDEX uq_cron_job_runs_running")  # what stands behind the lease
    for _ in range(2):
        yard.worker("tests/faults/without_lease.py")
    with yard.gate("BEFORE INSERT ON no_show_logs", number=100) as gate:
        first, second = yard.enqueue(), yard.enqueue()
        gate.await_arrival()
        assert wait_until(lambda: len(yard.runs()) == 2, PATIENCE)
        gate.open()
        assert {yard.finish(first), yard.finish(second)} == {"finished"}
    assert [source for source, _status in yard.runs()] == ["SCHEDULER", "SCHEDULER"]


def test_the_scheduler_and_the_external_trigger_in_the_same_second_are_one_run(
    yard: Yard, server: ServerFactory
) -> None:
    yard.due()
    key = "a key of sixteen or more"
    web = server(processes=1, env={**yard.environ, "CRON_API_KEY": key})
    yard.worker()

    def call() -> httpx.Response:
        path = f"{web.url}/api/v1/no-show/external-trigger"
        return httpx.post(path, headers={"x-cron-api-key": key}, timeout=PATIENCE)

    with yard.gate("BEFORE INSERT ON no_show_logs", number=100) as gate:
        job = yard.enqueue()
        gate.await_arrival()
        meanwhile = call()
        gate.open()
        assert yard.finish(job) == "finished"
    after = call()
    assert (meanwhile.status_code, meanwhile.json()) == (202, {"status": "already_running"})
    assert (after.status_code, after.json()["noShows"]["marked"]) == (200, DUE), "it is told of the run that was"
    assert yard.runs() == [("SCHEDULER", "SUCCESS")]
    assert yard.count("SELECT count(*) FROM cron_job_runs WHERE 'EXTERNAL' = ANY(also_asked_by)") == 1
    yard.each_once()


def test_asked_to_end_a_worker_ends_between_two_transactions_and_the_next_run_goes_on(yard: Yard) -> None:
    yard.due(MORE_THAN_A_BATCH)
    worker = yard.worker()
    with yard.gate("BEFORE INSERT ON no_show_logs", number=100) as gate:
        yard.enqueue()
        gate.await_arrival()
        began = time.monotonic()
        worker.terminate()
        assert wait_until(lambda: "SIGTERM" in _pending(yard.child(worker)), PATIENCE)
        gate.open()
        assert worker.wait(PATIENCE) == 0
        assert time.monotonic() - began < 10
    assert yard.runs() == [("SCHEDULER", "ERROR")]
    assert yard.count("SELECT count(*) FROM cron_job_runs WHERE error LIKE 'Stopped%'") == 1
    assert yard.count("SELECT items_processed FROM cron_job_runs") == DUE
    yard.worker()
    assert yard.finish(yard.enqueue()) == "finished"
    yard.each_once(MORE_THAN_A_BATCH)


def test_asked_to_end_a_worker_whose_job_does_not_is_gone_within_ten_seconds(yard: Yard) -> None:
    yard.due()
    worker = yard.worker()
    with yard.gate("BEFORE INSERT ON no_show_logs", number=100) as gate:
        yard.enqueue()
        gate.await_arrival()
        child, began = yard.child(worker), time.monotonic()
        worker.terminate()
        worker.wait(PATIENCE)
        assert time.monotonic() - began < 10
        assert not is_alive(child)
    yard.lease_runs_out()
    yard.worker()
    assert yard.finish(yard.enqueue()) == "finished"
    yard.each_once()
    assert yard.runs() == [("SCHEDULER", "LOST"), ("SCHEDULER", "SUCCESS")]


def _pending(pid: int) -> str:
    """Name SIGTERM once it has reached a process that has a handler of its own for it."""
    written = Path(f"/proc/{pid}/status").read_text().splitlines()
    lines = dict(line.split(":\t", 1) for line in written if ":\t" in line)
    caught, waiting = int(lines["SigCgt"], 16), int(lines["ShdPnd"], 16)
    bit = 1 << (signal.SIGTERM - 1)
    return "SIGTERM" if caught & bit and not waiting & bit else ""


def test_six_hours_down_are_one_catch_up_run(yard: Yard) -> None:
    """While no worker was there each tick queued the same job once more."""
    yard.due()
    jobs = [yard.enqueue() for _ in range(6)]
    yard.worker()
    assert {yard.finish(job) for job in jobs} == {"finished"}
    assert yard.runs() == [("SCHEDULER", "SUCCESS")]
    yard.each_once()
