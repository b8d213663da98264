"""Writes the slots that a doctor's days get and takes away those that they lose, under the doctors' locks."""

from collections.abc import Iterable, Sequence
from datetime import date, time
from itertools import accumulate
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.slots import Settlement, SlotTime
from hms_web.models import DoctorSlot, new_id, new_ids_written
from hms_web.services import asking


def store(
    session: Session, actor: Actor, settlements: Iterable[tuple[UUID, Settlement]], *, is_bare: bool = False
) -> tuple[int, int]:
    """Apply settlements of doctors' days; return how many slots were removed and created.

    The doctors' locks have to be held. It `is_bare` where none of the doctors has any slot in all of these days.
    """
    remove: list[UUID] = []
    create: list[tuple[UUID, list[SlotTime]]] = []
    for doctor_id, settlement in settlements:
        remove += settlement.remove
        if settlement.create:
            create.append((doctor_id, settlement.create))
    if remove:
        session.execute(delete(DoctorSlot).where(DoctorSlot.id.in_(remove)))
    if create:
        _insert(session, actor, create, is_bare=is_bare)
    return len(remove), sum(len(slots) for _, slots in create)


# Doctors' hours are alike, so the times of days travel once for all who have the same, and of a doctor only which of
# them they get, and how many ids were used up before.
_INTO = """
    INSERT INTO doctor_slots (id, hospital_id, doctor_id, date, start_time, end_time, starts_at, ends_at)
    SELECT (SELECT CAST(CAST(:ids AS text) AS uuid[]))[day.used + at.place], :hospital_id, day.doctor_id, at.date,
           at.start_time, at.end_time, at.starts_at, at.ends_at
      FROM unnest(CAST(CAST(:doctors AS text) AS uuid[]), CAST(CAST(:patterns AS text) AS integer[]),
                  CAST(CAST(:used AS text) AS integer[]))
           AS day (doctor_id, pattern, used)
      JOIN unnest(CAST(CAST(:pattern_of AS text) AS integer[]), CAST(CAST(:places AS text) AS integer[]),
                  CAST(CAST(:days AS text) AS date[]), CAST(CAST(:starts AS text) AS time[]),
                  CAST(CAST(:ends AS text) AS time[]), CAST(CAST(:froms AS text) AS timestamptz[]),
                  CAST(CAST(:untils AS text) AS timestamptz[]))
           AS at (pattern, place, date, start_time, end_time, starts_at, ends_at) USING (pattern)
     ORDER BY day.used, at.place
    """
_INSERT_BARE = text(_INTO)
_INSERT = text(f"{_INTO} ON CONFLICT (doctor_id, starts_at) DO NOTHING")


def _insert(session: Session, actor: Actor, days: Sequence[tuple[UUID, list[SlotTime]]], *, is_bare: bool) -> None:
    """Write the slots of doctors' days with one statement, however many there are."""
    # Told apart as objects: `slots_of_day` gives all doctors the same ones, and to compare them costs more than that.
    keys = [tuple(map(id, slots)) for _, slots in days]
    patterns = {key: slots for key, (_, slots) in zip(keys, days, strict=True)}
    numbers = {key: number for number, key in enumerate(patterns)}
    times = [(numbers[key], at, slot) for key, slots in patterns.items() for at, slot in enumerate(slots, start=1)]
    used = list(accumulate((len(slots) for _, slots in days), initial=0))
    values = {
        "hospital_id": actor.hospital_id,
        "ids": _literal(new_ids_written(used.pop())),
        "doctors": _literal([doctor_id.hex for doctor_id, _ in days]),
        "patterns": _literal([numbers[key] for key in keys]),
        "used": _literal(used),
        "pattern_of": _literal([number for number, _, _ in times]),
        "places": _literal([at for _, at, _ in times]),
        "days": _literal([slot.day for _, _, slot in times]),
        "starts": _literal([slot.start for _, _, slot in times]),
        "ends": _literal([slot.end for _, _, slot in times]),
        "froms": _literal([slot.span.starts_at for _, _, slot in times]),
        "untils": _literal([slot.span.ends_at for _, _, slot in times]),
    }
    asking.rows(session, _INSERT_BARE if is_bare else _INSERT, values)


def _literal(values: Sequence[str | int | date | time]) -> str:
    """Return an array as PostgreSQL writes it, which for a hundred thousand is ten times as quick as the driver."""
    return f"{{{','.join(map(str, values))}}}"


def row_of(hospital_id: UUID, doctor_id: UUID, slot: SlotTime) -> dict[str, object]:
    """Return a slot's row."""
    return {
        "id": new_id(),
        "hospital_id": hospital_id,
        "doctor_id": doctor_id,
        "date": slot.day,
        "start_time": slot.start,
        "end_time": slot.end,
        "starts_at": slot.span.starts_at,
        "ends_at": slot.span.ends_at,
    }
