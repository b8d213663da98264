"""What a booking has to know before it is judged and written, asked for with one statement.

It asks for the wanted time alone, and not for the day as a grid does (`facts`): it stands
on the way of every booking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.booking import DoctorDay, Hold
from hms_web.domain.holidays import holiday_on
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, first_instant
from hms_web.domain.messages import MessageEvent
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.slots import SlotTime
from hms_web.services import asking, facts, outbox, placing
from hms_web.services.facts import StoredSlot
from hms_web.services.outbox import Voice
from hms_web.services.placing import DoctorThen, Place


@dataclass(frozen=True, slots=True)
class Outlook:
    """A wanted time, the spans of the patient's active appointments around that day, the number that the doctor's day
    gives next, and how the hospital tells of it.
    """

    place: Place
    busy: Sequence[Span]
    token: int
    voice: Voice


# A slot can end after its local day; whether spans and the wanted one really meet is for the checks to say.
_OUTLOOK = text(f"""
SELECT d.id, u.name, d.department, d.is_available, u.is_active, d.max_patients_per_day, d.slot_duration,
       week.start_time AS opens, week.end_time AS closes, week.break_start, week.break_end,
       slot.id AS slot_id, slot.end_time, slot.starts_at, slot.ends_at, slot.held_by_id, slot.held_until,
       slot.hold_token_hash,
       CASE WHEN slot.held_by_id IS NOT NULL THEN (SELECT h.name FROM users h WHERE h.id = slot.held_by_id) END
       AS held_by,
       coalesce(given.last_number, 0) + 1 AS token, voice.*,
       {facts.ABSENCES} AS absences, {facts.BLOCKS} AS blocks, {facts.HOLIDAYS} AS holidays,
       (SELECT json_agg(json_build_array(a.starts_at, a.ends_at) ORDER BY a.starts_at) FROM appointments a
         WHERE a.doctor_id = d.id AND a.status NOT IN ('CANCELLED', 'NO_SHOW') AND a.date = :first
           AND a.starts_at >= :early AND a.starts_at < :until AND a.ends_at > :since) AS taken,
       (SELECT json_agg(json_build_array(a.starts_at, a.ends_at)) FROM appointments a
         WHERE a.patient_id = :patient AND a.status NOT IN ('CANCELLED', 'NO_SHOW')
           AND tstzrange(a.starts_at, a.ends_at) && tstzrange(:since, :until + interval '1 day')) AS busy
  FROM doctors d
  JOIN users u ON u.id = d.user_id
  CROSS JOIN ({outbox.SPEAKS_TO_ONE}) voice
  LEFT JOIN doctor_schedules week ON week.doctor_id = d.id AND week.is_active AND week.day_of_week = :weekday
  LEFT JOIN doctor_slots slot
    ON slot.doctor_id = d.id AND slot.starts_at = :at_once AND slot.date = :first AND slot.start_time = :at
  LEFT JOIN token_counters given ON given.doctor_id = d.id AND given.date = :first
 WHERE d.hospital_id = :hospital_id AND d.id = :doctor_id
""")  # noqa: S608 statements of our own


def look(session: Session, actor: Actor, doctor_id: UUID, day: date, at: time, patient_id: UUID) -> Outlook | None:
    """Find out with one statement what a booking has to know; None where the hospital has no such doctor.

    What it says holds under the locks of patient and doctor. A time that has no slot here may still have one: on a day
    whose slots were not made yet, or for the second time where the clock is put back (`placing.find`).
    """
    wanted = {
        "doctor_id": doctor_id,
        "patient": patient_id,
        "at": at,
        "at_once": first_instant(day, at, actor.zone),
        "weekday": str(DayOfWeek.of(day)),
        "event": str(MessageEvent.BOOKED),
    }
    told = asking.rows(session, _OUTLOOK, facts.asked_for(actor, day, day) | wanted)
    if not told:
        return None
    row = told[0]
    place = placing.place_of(actor, _doctor(row, day), _slot(row, day, at), day, at)
    return Outlook(place, [facts.read_span(*item) for item in row.busy or ()], row.token, outbox.understood(row))


def _doctor(row: Any, day: date) -> DoctorThen:  # noqa: ANN401 a row of `_OUTLOOK`
    taken = [facts.read_span(*item) for item in row.taken or ()]
    hours = None
    if row.opens is not None:
        hours = DayHours(DayOfWeek.of(day), row.opens, row.closes, row.break_start, row.break_end)
    then = DoctorDay(
        is_available=row.is_available,
        is_active=row.is_active,
        max_patients_per_day=row.max_patients_per_day,
        booked_count=len(taken),
        hours=hours,
        holiday=holiday_on(day, facts.read_holidays(row.holidays)),
        absences=facts.read_absences(row.absences),
        taken=taken,
        blocks=[(block.span, block.reason) for block in facts.read_blocks(row.blocks)],
    )
    return DoctorThen(row.id, row.name, row.department, row.slot_duration, then)


def _slot(row: Any, day: date, at: time) -> StoredSlot | None:  # noqa: ANN401 a row of `_OUTLOOK`
    if row.slot_id is None:
        return None
    span = Span(row.starts_at, row.ends_at)
    hold = Hold(row.held_by_id, row.held_by or "", row.held_until) if row.held_by_id else None
    return StoredSlot(row.slot_id, SlotTime(day, at, row.end_time, span), hold, row.hold_token_hash)
