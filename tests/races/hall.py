"""Two running servers with a clinic in their database and a crowd at their doors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.schedules import DayOfWeek
from hms_web.local.processes import wait_until
from hms_web.models import ApiToken, Appointment
from hms_web.services import passwords, slot_making
from tests import invariants
from tests.conftest import empty
from tests.processes import Server
from tests.races.crowd import API, WAIT_SECONDS, Ask, Crowd
from tests.scenes import MONDAY, NOW, Clinic, clinic

DAY = MONDAY + timedelta(days=1)
ON_DAY = DayOfWeek.of(DAY)
DAYS = 7


def times(count: int, minutes: int = 15, begin: time = time(8)) -> list[time]:
    """Return the starts of slots, one after the other."""
    first = datetime.combine(DAY, begin)
    return [(first + timedelta(minutes=minutes * number)).time() for number in range(count)]


@dataclass
class Hall:
    """What a race needs."""

    engine: sa.Engine
    here: Clinic
    crowd: Crowd

    def doctor(
        self, minutes: int = 15, maximum: int = 500, end: time = time(14), days: tuple[DayOfWeek, ...] = (ON_DAY,)
    ) -> UUID:
        """Add a doctor who works from 8 without a break; the slots are there, and few others to look through."""
        added = self.here.doctor(minutes=minutes, maximum=maximum, start=time(8), end=end, pause=None, days=days)
        slot_making.generate(self.here.session, self.here.admin, added, DAYS, now=NOW)
        return added

    def patients(self, count: int) -> list[UUID]:
        """Add patients."""
        return [self.here.patient() for _ in range(count)]

    def booking(self, doctor: UUID, patient: UUID, at: time, day: date = DAY, *, who: int = 0, key: str = "") -> Ask:
        """Ask for an appointment."""
        body = {"patientId": str(patient), "doctorId": str(doctor), "date": f"{day}", "time": f"{at:%H:%M}"}
        return Ask("POST", f"{API}/appointments", body, {"Idempotency-Key": key} if key else {}, who)

    def change(self, appointment_id: UUID, *, who: int = 0, **wanted: Any) -> Ask:
        """Ask for a change; `at`, `doctor` and `version` or words."""
        body = {
            name: f"{value:%H:%M}" if isinstance(value, time) else str(value) if isinstance(value, UUID) else value
            for name, value in wanted.items()
        }
        return Ask("PATCH", f"{API}/appointments/{appointment_id}", body, who=who)

    def booked(self, doctor: UUID, at: time, patient: UUID | None = None) -> UUID:
        """Book straight away, and return the id."""
        return self.here.book(doctor, patient or self.here.patient(), at, DAY).id

    def place_of(self, appointment_id: UUID) -> tuple[UUID, time]:
        """Return with whom and when an appointment is now."""
        row = self.here.row(appointment_id)
        place = row.doctor_id, row.start_time
        self.here.session.rollback()  # a test that sits in a transaction would be in the way of what comes next
        return place

    def active(self, **columns: object) -> int:
        """Count the appointments that take time."""
        counted = self.here.count(Appointment, status="SCHEDULED", **columns)
        self.here.session.rollback()
        return counted

    @contextmanager
    def holding(self, table: str, key: UUID) -> Iterator[None]:
        """Hold the lock of a row."""
        with self.engine.connect() as connection:
            connection.execute(sa.text(f"SELECT 1 FROM {table} WHERE id = :key FOR UPDATE"), {"key": key})
            yield
            connection.rollback()

    def await_waiting(self, count: int, statement: str = "") -> None:
        """Return as soon as so many of the servers' statements, or of those with these words, wait for a lock."""
        self._await(count, f"wait_event_type = 'Lock' AND strpos(query, '{statement}') > 0")

    def await_lingering(self) -> None:
        """Return as soon as a statement is held back by a trigger of ours."""
        self._await(1, "wait_event = 'PgSleep'")

    def _await(self, count: int, condition: str) -> None:
        mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "

        def enough() -> bool:
            with self.engine.connect() as connection:
                return (connection.scalar(sa.text(mine + condition)) or 0) >= count

        assert wait_until(enough, WAIT_SECONDS), "nobody waits"

    def check(self) -> None:
        """Fail when the servers did, or the database holds what must not be."""
        assert self.crowd.errors == 0, "a server failed"
        with self.engine.connect() as connection:
            invariants.check(connection)


@contextmanager
def opened(server: Server) -> Iterator[Hall]:
    """Open a clinic in the servers' database; afterwards the database is empty again."""
    # A test that waits for its own lock is a mistake, and shall say so.
    engine = sa.create_engine(server.database_url, connect_args={"options": "-c lock_timeout=10s"})
    try:
        with Session(engine, expire_on_commit=False) as session:
            here = clinic(session)
            tokens = [token(session, actor) for actor in (here.actor, here.other, here.admin)]
            session.commit()
            yield Hall(engine, here, Crowd(server.urls, tokens))
    finally:
        empty(engine)
        engine.dispose()


def token(session: Session, actor: Actor) -> str:
    """Write a bearer token for somebody."""
    secret = passwords.new_secret()
    assert actor.user_id is not None
    ends = NOW + timedelta(hours=12)
    session.add(
        ApiToken(user_id=actor.user_id, token_hash=passwords.secret_hash(secret), created_at=NOW, expires_at=ends)
    )
    return secret
