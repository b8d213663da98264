"""The affected list a page at a time: the database orders and groups it, and only what a page shows is read.

After a holiday of a large hospital thousands of appointments need attention. The order and the groups are those of
`affected.grouped`, which reads all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor, Role
from hms_web.domain.visits import HERE, UNFINISHED
from hms_web.services import affected, appointments, asking
from hms_web.services.affected import AffectedGroup


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group with those of its appointments that stand on the page, of the `count` that it has."""

    group: AffectedGroup
    count: int


@dataclass(frozen=True, slots=True)
class AffectedList:
    """A page of those who need attention. `page` counts from 1; `total` is how many there are on all `pages`."""

    groups: Sequence[ListedGroup]
    total: int
    page: int
    pages: int


def listed(
    session: Session,
    actor: Actor,
    *,
    doctor_id: UUID | None = None,
    cause: AffectedCause | None = None,
    page: int = 1,
    most: int,
    today: date,
) -> AffectedList:
    """Return a page of at most `most` appointments, the last one if there are not so many.

    First the groups in which somebody is here, then those of whom somebody comes `today`, then the longest wait; in a
    group who is here, then who waits longest. A doctor sees only their own; it is for everybody who may see them.
    """
    given = {
        "hospital": actor.hospital_id,
        "own": actor.doctor_id if actor.role is Role.DOCTOR else None,
        "doctor": doctor_id,
        "cause": cause,
        "here": list(HERE),
        "unfinished": list(UNFINISHED),
        "today": today,
        "page": max(page, 1),
        "most": most,
    }
    rows = asking.rows(session, _LISTED, given)
    if not rows:
        return AffectedList([], 0, 1, 1)
    found = [
        view
        for view in appointments.by_ids(session, actor, [row.id for row in rows])
        if view.affected_cause is not None  # somebody may have seen to it since
    ]
    first = {row.key: row.place for row in reversed(rows)}
    counts = {row.key: row.count for row in rows}
    groups = affected.in_groups(session, actor, found)
    groups.sort(key=lambda group: first.get(group.key, 0))
    return AffectedList(
        [ListedGroup(group, counts.get(group.key, len(group.items))) for group in groups],
        total=rows[0].total,
        page=rows[0].page,
        pages=-(-rows[0].total // most),
    )


_LISTED = text("""
    WITH marked AS (
        SELECT a.id, a.date, a.status = ANY(CAST(:here AS text[])) AS is_here, a.starts_at,
               coalesce(a.affected_at, a.created_at) AS since,
               a.affected_cause || ':' || CASE a.affected_cause
                   WHEN 'HOLIDAY' THEN CAST(a.date AS text)
                   WHEN 'ABSENCE' THEN CAST(coalesce((
                       SELECT x.id FROM doctor_absences x
                        WHERE x.doctor_id = a.doctor_id AND x.status = 'ACTIVE'
                          AND a.date BETWEEN x.start_date AND x.end_date
                          AND (x.start_time IS NULL OR x.end_time IS NULL
                               OR a.start_time < x.end_time AND x.start_time < a.end_time)
                        ORDER BY x.start_date, x.id LIMIT 1), a.doctor_id) AS text)
                   ELSE CAST(a.doctor_id AS text) END AS key
          FROM appointments a
         WHERE a.hospital_id = :hospital AND a.affected_cause IS NOT NULL
           AND a.status = ANY(CAST(:unfinished AS text[]))
           AND (CAST(:own AS uuid) IS NULL OR a.doctor_id = CAST(:own AS uuid))
           AND (CAST(:doctor AS uuid) IS NULL OR a.doctor_id = CAST(:doctor AS uuid))
           AND (CAST(:cause AS text) IS NULL OR a.affected_cause = CAST(:cause AS text))),
    ranked AS (
        SELECT id, key, is_here, date, count(*) OVER () AS total,
               row_number() OVER (ORDER BY NOT is_here, since, starts_at, id) AS rank
          FROM marked),
    grouped AS (
        SELECT id, key, total, rank, count(*) OVER whole AS count, min(rank) OVER whole AS group_rank,
               CASE WHEN bool_or(is_here) OVER whole THEN 0
                    WHEN bool_or(date = :today) OVER whole THEN 1 ELSE 2 END AS haste
          FROM ranked WINDOW whole AS (PARTITION BY key)),
    placed AS (
        SELECT id, key, total, count, row_number() OVER (ORDER BY haste, group_rank, rank) - 1 AS place,
               least(:page, (total + :most - 1) / :most) AS page
          FROM grouped)
    SELECT id, key, total, count, place, page FROM placed WHERE place / :most = page - 1 ORDER BY place
""")


@dataclass(frozen=True, slots=True)
class Need:
    """A doctor's day with patients who need attention for one cause, all of them here or none."""

    is_here: bool
    day: date
    doctor_name: str
    doctor_id: UUID
    cause: AffectedCause
    count: int


@dataclass(frozen=True, slots=True)
class Needs:
    """The most pressing of those days, of so many `days`, with so many appointments on all of them."""

    first: Sequence[Need]
    days: int
    appointments: int


def needs(session: Session, actor: Actor, *, most: int) -> Needs:
    """Return the first `most` days of doctors with somebody who needs attention: who is here, then by day and name."""
    given = {"hospital": actor.hospital_id, "here": list(HERE), "unfinished": list(UNFINISHED), "most": most}
    rows = asking.rows(session, _NEEDS, given)
    return Needs(
        [Need(row.is_here, row.date, row.name, row.doctor_id, AffectedCause(row.cause), row.count) for row in rows],
        rows[0].days if rows else 0,
        rows[0].appointments if rows else 0,
    )


_NEEDS = text("""
    SELECT a.status = ANY(CAST(:here AS text[])) AS is_here, a.date, u.name, a.doctor_id, a.affected_cause AS cause,
           count(*) AS count, count(*) OVER () AS days, CAST(sum(count(*)) OVER () AS bigint) AS appointments
      FROM appointments a JOIN doctors d ON d.id = a.doctor_id JOIN users u ON u.id = d.user_id
     WHERE a.hospital_id = :hospital AND a.affected_cause IS NOT NULL AND a.status = ANY(CAST(:unfinished AS text[]))
     GROUP BY 1, 2, 3, 4, 5
     ORDER BY is_here DESC, a.date, u.name COLLATE "C", a.doctor_id, a.affected_cause
     LIMIT :most
""")
