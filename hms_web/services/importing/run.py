"""One import as it goes on: for whom, from what, and where its rows end up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.importing import RowRefused, Rule, Unusable, shown
from hms_web.models import Doctor, Hospital, User
from hms_web.services.importing.files import Row, Table
from hms_web.services.importing.rejects import Rejects
from hms_web.services.importing.tally import Tally

ACTOR_NAME = "Import"
BUSY = RowRefused(Rule.BUSY, "The database was too busy to take this row. Import it again.")


@dataclass(frozen=True, slots=True)
class Run:
    """An import of `table`. `advance` is told of every row that was dealt with; `is_dry` changes nothing."""

    session: Session
    actor: Actor
    table: Table
    tally: Tally
    rejects: Rejects
    now: datetime
    is_dry: bool = False
    advance: Callable[[int], object] = lambda _: None
    seen: dict[str, int] = field(default_factory=dict)

    def once(self, key: str, row: Row) -> None:
        """Raise RowRefused for a number that an earlier row of the file has had."""
        line = self.seen.setdefault(key, row.line)
        if line != row.line:
            raise RowRefused(Rule.REPEATED_IN_FILE, f"The number {shown(key)} stands on line {line} already.")

    def refuse(self, row: Row, refused: RowRefused) -> None:
        """Keep and count a refused row."""
        self.rejects.add(row, refused)
        self.tally.refused[refused.rule] += 1


def actor_for(session: Session, hospital: str | None) -> Actor:
    """Return the actor for an import into a hospital, by name or id, or into the only one; raises Unusable."""
    query = select(Hospital.id, Hospital.timezone, Hospital.name).order_by(Hospital.name, Hospital.id)
    if hospital is not None:
        query = query.where((Hospital.name == hospital) | (func.cast(Hospital.id, User.name.type) == hospital.lower()))
    found = session.execute(query.limit(10)).all()
    if len(found) == 1:
        return Actor(found[0].id, found[0].timezone, None, ACTOR_NAME, Role.ADMIN)
    listed = "; ".join(f"{shown(row.name)} ({row.id})" for row in found)
    if found:
        message = f"Say which hospital with --hospital, by its id if names are the same: {listed}."
    elif hospital is None:
        message = "There is no hospital yet; open one with `hms hospital create`."
    else:
        message = f"--hospital {shown(hospital)}: there is no such hospital."
    raise Unusable(message)


def doctors_of(session: Session, actor: Actor) -> dict[str, UUID]:
    """Return the ids of a hospital's doctors, by e-mail address and by id, both in lower case."""
    query = select(Doctor.id, User.email).join(User, User.id == Doctor.user_id)
    rows = session.execute(query.where(Doctor.hospital_id == actor.hospital_id)).all()
    return {word: row.id for row in rows for word in (row.email.lower(), str(row.id))}
