"""The administrator's overview: how full the offered times were, how long patients waited, what became of messages.

One statement a chart. docs/rules.md, "How are the figures counted?", says what counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.domain.messages import PROVIDER_TEST
from hms_web.domain.notifications import Channel
from hms_web.domain.statistics import EMPTY, NOTHING, Days, Delivered, Filled, Waited, WaitStage


@dataclass(frozen=True, slots=True)
class DoctorFilled:
    """How full the times of one doctor were."""

    doctor_id: UUID
    doctor_name: str
    filled: Filled


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How full the offered times of some days were; `over_time` has each step of the days by its first."""

    whole: Filled
    over_time: Sequence[tuple[date, Filled]]
    by_doctor: Sequence[DoctorFilled]


@dataclass(frozen=True, slots=True)
class Messages:
    """What became of the messages that were written on some days, by step of the days and by channel."""

    whole: Delivered
    over_time: Sequence[tuple[date, Delivered]]
    by_channel: Sequence[tuple[Channel, Delivered]]


# A time is closed by leave, by hand, by holidays, and while its doctor was not available or had no account, which the
# audit trail knows; closed ones were not offered, unless somebody was seen in them. Who is away and never was said to
# be in it was so from the beginning. Two people who had the same time one after the other have filled it once.
_UTILISATION = text(
    """
    WITH slot AS MATERIALIZED (
      SELECT s.id, s.doctor_id, s.date, s.start_time, s.end_time, s.starts_at, s.ends_at
        FROM doctors d JOIN doctor_slots s ON s.doctor_id = d.id
       WHERE d.hospital_id = :hospital AND s.starts_at >= :since AND s.starts_at < :until AND s.ends_at <= :now
    ), turned AS MATERIALIZED (
      SELECT d.id AS doctor_id, e.action, e.at AS since, NOT CAST(change.word AS boolean) AS is_away,
             lead(e.at) OVER (PARTITION BY d.id, e.action ORDER BY e.at, e.id) AS until
        FROM audit_events e
        JOIN doctors d ON (e.action = 'doctor.changed' AND e.record_id = d.id)
                       OR (e.action = 'user.changed' AND e.record_id = d.user_id)
       CROSS JOIN LATERAL (SELECT CASE e.action WHEN 'doctor.changed' THEN e.details #>> '{changes,is_available,to}'
                                          ELSE e.details #>> '{changes,is_active,to}' END AS word) AS change
       WHERE e.hospital_id = :hospital AND d.hospital_id = :hospital
         AND e.action IN ('doctor.changed', 'user.changed') AND change.word IS NOT NULL
    ), closed AS (
      SELECT slot.id FROM slot JOIN turned ON turned.doctor_id = slot.doctor_id AND turned.is_away
         AND slot.starts_at >= turned.since AND (turned.until IS NULL OR slot.starts_at < turned.until)
      UNION
      SELECT slot.id FROM slot JOIN doctors d ON d.id = slot.doctor_id JOIN users u ON u.id = d.user_id
       WHERE (NOT d.is_available AND (d.id, 'doctor.changed') NOT IN (SELECT doctor_id, action FROM turned))
          OR (NOT u.is_active AND (d.id, 'user.changed') NOT IN (SELECT doctor_id, action FROM turned))
      UNION
      SELECT slot.id FROM slot JOIN doctor_absences a
          ON a.doctor_id = slot.doctor_id AND a.status = 'ACTIVE' AND slot.date BETWEEN a.start_date AND a.end_date
         AND (a.start_time IS NULL OR (slot.start_time < a.end_time
              AND (slot.end_time > a.start_time OR slot.end_time < slot.start_time)))
       WHERE a.hospital_id = :hospital
      UNION
      SELECT slot.id FROM slot JOIN slot_blocks b
          ON b.doctor_id = slot.doctor_id AND slot.starts_at < b.ends_at AND slot.ends_at > b.starts_at
       WHERE b.hospital_id = :hospital
      UNION
      SELECT slot.id FROM slot JOIN hospital_holidays h
          ON h.is_active AND (h.date = slot.date OR (h.is_recurring
             AND extract(month FROM h.date) = extract(month FROM slot.date)
             AND extract(day FROM h.date) = extract(day FROM slot.date)))
       WHERE h.hospital_id = :hospital
    ), visit AS (
      SELECT doctor_id, starts_at, bool_or(status = 'COMPLETED') AS is_used
        FROM appointments
       WHERE hospital_id = :hospital AND starts_at >= :since AND starts_at < :until
         AND (status IN ('CHECKED_IN', 'IN_PROGRESS', 'COMPLETED')
              OR (status <> 'CANCELLED' AND affected_cause IS NULL))
       GROUP BY doctor_id, starts_at
    ), offered AS (
      SELECT slot.date AS day, slot.doctor_id, visit.starts_at IS NOT NULL AS is_booked, visit.is_used
        FROM slot LEFT JOIN visit USING (doctor_id, starts_at) LEFT JOIN closed ON closed.id = slot.id
       WHERE closed.id IS NULL OR visit.starts_at IS NOT NULL
    )
    SELECT grouped.*, u.name
      FROM (SELECT day, doctor_id, count(*) AS offered, count(*) FILTER (WHERE is_booked) AS booked,
                   count(*) FILTER (WHERE is_used) AS used
              FROM offered GROUP BY GROUPING SETS ((day), (doctor_id))) AS grouped
      LEFT JOIN doctors d ON d.id = grouped.doctor_id LEFT JOIN users u ON u.id = d.user_id
     ORDER BY grouped.day, u.name, d.id
    """
)

# Only what began and ended on the appointment's day: who was seen on a later one did not sit there all night. The first
# consultation is that after the check-in that stands, and vitals that were taken in it ended no wait before it.
_WAITS = text(
    """
    WITH visit AS (
      SELECT a.checked_in_at, a.vitals_recorded_at, a.starts_at, c.started_at, c.completed_at, c.seen_from
        FROM appointments a
        LEFT JOIN LATERAL (SELECT min(started_at) FILTER (WHERE started_at >= a.checked_in_at) AS started_at,
                                  max(completed_at) AS completed_at,
                                  max(started_at) FILTER (WHERE completed_at IS NOT NULL) AS seen_from
                             FROM consultations WHERE appointment_id = a.id) AS c ON true
       WHERE a.hospital_id = :hospital AND a.starts_at >= :since AND a.starts_at < :until
         AND a.status IN ('CHECKED_IN', 'IN_PROGRESS', 'COMPLETED') AND a.checked_in_at IS NOT NULL
         AND (c.started_at IS NULL OR CAST(timezone(:zone, c.started_at) AS date) = a.date)
         AND (c.completed_at IS NULL OR CAST(timezone(:zone, c.completed_at) AS date) = a.date)
    ), stage AS (
      SELECT 'VITALS' AS name, vitals_recorded_at - checked_in_at AS took FROM visit
      UNION ALL
      SELECT 'DOCTOR', greatest(started_at - greatest(CASE WHEN vitals_recorded_at <= started_at
                                                           THEN vitals_recorded_at END, checked_in_at, starts_at),
                                interval '0')
        FROM visit
       WHERE started_at IS NOT NULL
      UNION ALL
      SELECT 'CONSULTATION', completed_at - seen_from FROM visit
      UNION ALL
      SELECT 'WHOLE', completed_at - checked_in_at FROM visit
    )
    SELECT name, count(took) AS visits, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY took) AS most
      FROM stage WHERE took >= interval '0' GROUP BY name
    """
)

_MESSAGES = text(
    """
    WITH message AS (
      SELECT CAST(timezone(:zone, created_at) AS date) AS day, channel, state
        FROM notifications
       WHERE hospital_id = :hospital AND created_at >= :since AND created_at < :until
         AND channel <> 'in_app' AND state <> 'SUPPRESSED' AND event <> :test
    )
    SELECT day, channel, count(*) FILTER (WHERE state = 'SENT') AS sent,
           count(*) FILTER (WHERE state = 'FAILED') AS failed,
           count(*) FILTER (WHERE state = 'NOT_CONFIGURED') AS unsendable,
           count(*) FILTER (WHERE state = 'QUEUED') AS waiting
      FROM message GROUP BY GROUPING SETS ((day), (channel))
    """
)


def _asked(actor: Actor, days: Days) -> dict[str, object]:
    since, until = day_span(days.first, actor.zone).starts_at, day_span(days.last, actor.zone).ends_at
    return {"hospital": actor.hospital_id, "since": since, "until": until}


def utilisation(session: Session, actor: Actor, days: Days, *, now: datetime) -> Utilisation:
    """Return how full the times were that were offered and are over by `now`, in the hospital's own days."""
    rows = session.execute(_UTILISATION, _asked(actor, days) | {"now": now}).all()
    by_day = {row.day: Filled(row.offered, row.booked, row.used) for row in rows if row.day is not None}
    steps = dict.fromkeys(days.beginnings(), EMPTY)
    for day, filled in by_day.items():
        steps[days.beginning(day)] += filled
    doctors = [row for row in rows if row.doctor_id is not None]
    return Utilisation(
        sum(by_day.values(), EMPTY),
        list(steps.items()),
        [DoctorFilled(row.doctor_id, row.name, Filled(row.offered, row.booked, row.used)) for row in doctors],
    )


def waits(session: Session, actor: Actor, days: Days) -> list[Waited]:
    """Return how long each stage of the visits of some days took, in the order of a visit; stages of none are left
    out.
    """
    rows = session.execute(_WAITS, _asked(actor, days) | {"zone": actor.timezone})
    found = {row.name: Waited(WaitStage(row.name), row.visits, row.median, row.most) for row in rows}
    return [found[stage] for stage in WaitStage if stage in found]


def messages(session: Session, actor: Actor, days: Days) -> Messages:
    """Return what became of the messages of some days that leave the house."""
    asked = _asked(actor, days) | {"zone": actor.timezone, "test": PROVIDER_TEST}
    rows = session.execute(_MESSAGES, asked).all()
    told = [(row, Delivered(row.sent, row.failed, row.unsendable, row.waiting)) for row in rows]
    by_channel: Mapping[str, Delivered] = {row.channel: counts for row, counts in told if row.channel is not None}
    steps = dict.fromkeys(days.beginnings(), NOTHING)
    for row, counts in told:
        if row.day is not None:
            steps[days.beginning(row.day)] += counts
    return Messages(
        sum(by_channel.values(), NOTHING),
        list(steps.items()),
        [(channel, by_channel[channel]) for channel in Channel if channel in by_channel],
    )
