"""A backup that is taken while everybody works, restored elsewhere: whole, verified, and nobody is written to twice."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.config import Settings, engine_options
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.jobs import providers as sending
from hms_web.local.processes import wait_until
from hms_web.local.programs import programs_for
from hms_web.models import Appointment, AuditEvent, Notification
from hms_web.services import audit_chain, booking, cancelling, delivery, providers, visits
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from tests import invariants
from tests.jobs.conftest import provider
from tests.jobs.fake_provider import Provider
from tests.scenes import MONDAY, NOW, Clinic, clinic
from tests.servers import Servers

__all__ = ["provider"]

pytestmark = pytest.mark.fault

DESKS, PATIENCE = 3, 60.0
NEAR = ["127.0.0.1"]
"""The provider that stands in for one is on this machine."""
DAY = MONDAY + timedelta(days=1)


def secret() -> str:
    return Settings.from_env().secret_key


def program(name: str, *words: str | Path) -> None:
    """Run one of PostgreSQL's own programs, those of the wheel."""
    done = subprocess.run([programs_for(None, Path()) / name, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Load:
    """People at their desks, a worker that delivers, and one that chains, until they are told to stop."""

    def __init__(self, engine: sa.Engine, here: Clinic, doctors: list[object], patients: list[object]) -> None:
        self.engine, self.here = engine, here
        self.places = iter([(doctor, number) for number in range(32) for doctor in doctors])
        self.patients = iter(patients)
        self.is_over, self.done, self._lock = Event(), Counter[str](), Lock()

    def _next(self) -> tuple[object, int, object] | None:
        with self._lock:
            place, patient = next(self.places, None), next(self.patients, None)
        return (place[0], place[1], patient) if place and patient else None

    def desk(self) -> None:
        """Book; cancel every third, confirm every fourth."""
        with Session(self.engine, expire_on_commit=False) as session:
            while not self.is_over.is_set() and (wanted := self._next()):
                doctor, number, patient = wanted
                at = time(8 + number // 4, number % 4 * 15)
                request = BookingRequest(patient, doctor, DAY, at, AppointmentType.CONSULTATION)  # type: ignore[arg-type]
                booked = booking.book(session, self.here.actor, request, now=NOW)
                assert isinstance(booked, AppointmentView), booked
                if number % 3 == 0:
                    cancelling.cancel(session, self.here.actor, booked.id, reason="x", now=NOW)
                elif number % 4 == 0:
                    visits.set_status(session, self.here.actor, booked.id, AppointmentStatus.CONFIRMED, now=NOW)
                self.done["booked"] += 1

    def deliver(self) -> None:
        with Session(self.engine, expire_on_commit=False) as session:
            while not self.is_over.is_set():
                self.done["sent"] += deliver(session, now=NOW)

    def chain(self) -> None:
        with Session(self.engine) as session:
            while not self.is_over.is_set():
                heads, _ = audit_chain.extend_all(session, secret=secret(), now=NOW)
                self.done["chained"] += len(heads)


def deliver(session: Session, *, now: datetime) -> int:
    """Send one batch of what is due; return how many messages it took."""
    batch = delivery.claim(session, now=now)
    for one in batch:
        delivery.deliver(session, one, partial(sending.send, allowed=NEAR), secret=secret(), luck=0.5, now=now)
    return len(batch)


@contextmanager
def working(load: Load) -> Iterator[None]:
    """Let them work, and see that nobody failed."""
    with ThreadPoolExecutor(DESKS + 2) as pool:
        desks = [pool.submit(load.desk) for _ in range(DESKS)]
        others = [pool.submit(load.deliver), pool.submit(load.chain)]
        try:
            yield
        finally:
            load.is_over.set()
        for one in [*desks, *others]:
            one.result(PATIENCE)


@pytest.fixture
def wide(engine: sa.Engine) -> Iterator[sa.Engine]:
    own = sa.create_engine(engine.url, **engine_options())
    yield own
    own.dispose()


@pytest.fixture
def restored(servers: Servers, worker_number: int) -> Iterator[str]:
    """The address of a database in which nothing is."""
    name = f"{servers.run}_restored_{worker_number}"
    servers.drop(name)
    engine = sa.create_engine(servers.postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    engine.dispose()
    yield servers.database(name)
    servers.drop(name)


def test_a_backup_under_load_is_restored_whole(
    session: Session, wide: sa.Engine, restored: str, database_url: str, provider: Provider, tmp_path: Path
) -> None:
    here = clinic(session)
    for channel in (Channel.SMS, Channel.EMAIL):
        providers.put(session, here.admin, channel, provider.url, secret=secret(), now=NOW, allowed=NEAR)
    doctors: list[object] = [
        here.doctor(minutes=15, maximum=500, start=time(8), end=time(16), pause=None) for _ in range(12)
    ]
    load = Load(wide, here, doctors, [here.patient(email=f"p{number}@example.test") for number in range(384)])
    file = tmp_path / "hms.dump"
    with working(load):
        assert wait_until(lambda: load.done["booked"] > 20 and load.done["sent"] > 5, PATIENCE), load.done
        before = load.done["booked"]
        program("pg_dump", "--format=custom", "--file", file, database_url)
        during = load.done["booked"] - before
        sent_until = load.done["sent"]
        assert wait_until(lambda: load.done["sent"] > sent_until, PATIENCE), "it goes on after the backup"
    assert during > 0, "nothing was done during the backup: it was not under load"
    program("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname", restored, file)
    engine = sa.create_engine(restored, **engine_options())
    try:
        look(engine, here, session)
        send_again(engine, provider)
    finally:
        engine.dispose()


def look(engine: sa.Engine, here: Clinic, original: Session) -> None:
    """See that the restored database is whole, that its trail holds, and that it goes on."""
    with engine.connect() as connection:
        invariants.check(connection)
    with Session(engine) as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Appointment))
        assert 20 < (count or 0) <= here.count(Appointment)
        mine = here.actor.hospital_id
        report = audit_chain.verify(session, mine, secret=secret(), now=clock.now())
        assert (report.findings, report.head.sequence > 0) == ([], True)
        # What the original's worker has logged, or shown as its head, is where the restored trail ends: a part of it.
        later = audit_chain.verify(original, mine, secret=secret(), now=clock.now(), expected=report.head)
        assert later.findings == []
        audit_chain.extend_all(session, secret=secret(), now=NOW)
        again = audit_chain.verify(session, mine, secret=secret(), now=clock.now())
        assert (again.findings, again.waiting) == ([], 0)
        assert again.head.sequence == session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            session.execute(sa.text("DELETE FROM audit_events"))


def send_again(engine: sa.Engine, provider: Provider) -> None:
    """Let the restored system deliver what it takes for unsent: no patient gets a message twice."""
    asked = len(provider.requests)
    later = NOW + timedelta(minutes=30)  # whatever was being sent when the backup was taken is free again
    with Session(engine, expire_on_commit=False) as session:
        sent = sa.select(Notification.id).where(Notification.state == DeliveryState.SENT)
        done_before = {str(key) for key in session.scalars(sent)}
        while deliver(session, now=later):
            pass
    again = {str(request["key"]).partition(":")[0] for request in provider.requests[asked:]}
    assert again, "the restored system had something to send"
    assert not again & done_before, "what was known as sent is not even offered again"
    keys = [str(request["key"]) for request in provider.requests]
    assert len(provider.delivered) == len(set(keys)), "one message a key, over both systems"
