"""Choosing a doctor: by name from a list while the list is short, by words of the name where there are many.

A hospital has ten doctors or a thousand. What a page reads and writes to let somebody choose is the same for both: one
statement, and at most MOST_LISTED names (docs/decisions/0230-choosing-among-a-thousand-doctors.md). All of them are
looked at only where the hospital's mark says that something may have been changed since they were
(docs/decisions/0300-who-is-offered-is-kept-under-the-hospitals-mark.md).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import asking
from hms_web.services.doctor_names import DoctorName
from hms_web.services.kept import Kept

MOST_LISTED = 40
"""So many names are a list; where there are more, words of the name are typed."""
MOST_FOUND = 10
"""So many doctors are offered for what was typed."""
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a page offers.

    `names` are the doctors of `department`, or the hospital's where that is None, by name; none of them where
    there are more than MOST_LISTED. `shown` are those of them for whom was asked by their places, and `count` is
    how many there are. `chosen` is the doctor that an address names already, who need not be among them. `is_large`
    says that the hospital has too many doctors for a page of all of them.
    """

    departments: Sequence[str]
    department: str | None
    names: Sequence[DoctorName]
    shown: Sequence[DoctorName]
    count: int
    chosen: DoctorName | None
    is_large: bool

    @property
    def is_long(self) -> bool:
        """Whether they are too many for a list."""
        return self.count > MOST_LISTED


@dataclass(frozen=True, slots=True)
class Places:
    """Which of the doctors are shown, by name: `most` of them after the first `skip`."""

    most: int = 0
    skip: int = 0


NOBODY = Places()

# A choice has a few KiB: the names of departments, and at most MOST_LISTED doctors.
KEPT: Kept[tuple[str, Choice]] = Kept(400)
"""What was offered, by what was asked, each with the hospital's mark under which it was read."""
_FOR_GOOD = datetime.max.replace(tzinfo=UTC)


def choice(
    session: Session,
    actor: Actor,
    *,
    department: str | None = None,
    few: int | None = None,
    chosen: UUID | None = None,
    also_gone: bool = False,
    shown: Places = NOBODY,
) -> Choice:
    """Return whom a page offers, with one statement.

    A `department` that there is not counts as none. Without one, and with more than `few` doctors in the hospital, it
    is that of the chosen doctor, else the first one as letters are numbered. `also_gone` offers those whose account is
    no longer active too.
    """
    given = {
        "hospital": actor.hospital_id,
        "also_gone": also_gone,
        "chosen": chosen,
        "department": department,
        "few": few,
        "most": MOST_LISTED,
        "skip": shown.skip,
        "last": shown.skip + shown.most,
    }
    asked = tuple(given.values())
    kept = KEPT.get(asked, datetime.min.replace(tzinfo=UTC))
    rows = asking.rows(session, _CHOICE, given | {"known": kept[0] if kept is not None else None})
    mark = next(row.name for row in rows if row.kind == "size")
    if kept is not None and kept[0] == mark:
        return kept[1]
    made = _made(rows, shown)
    KEPT.put(asked, (mark, made), _FOR_GOOD)
    return made


def _made(rows: Sequence[Any], shown: Places) -> Choice:
    listed = [(row.place, DoctorName(row.id, row.name, row.department, row.is_active)) for row in rows if row.place > 0]
    count = max(row.count for row in rows)
    return Choice(
        departments=sorted(row.department for row in rows if row.kind == "department"),
        department=next((row.department for row in rows if row.kind == "department" and row.is_here), None),
        names=[one for place, one in listed if place <= MOST_LISTED] if count <= MOST_LISTED else [],
        shown=[one for place, one in listed if shown.skip < place <= shown.skip + shown.most],
        count=count,
        chosen=next(
            (DoctorName(row.id, row.name, row.department, row.is_active) for row in rows if row.kind == "chosen"), None
        ),
        is_large=any(row.is_large for row in rows),
    )


# Where the mark is the one that is known, nobody is looked at. The mark and the doctors are of one instant: it is one
# statement.
_CHOICE = text("""
    WITH noted AS MATERIALIZED (
        SELECT coalesce(string_agg(CAST(change AS text), ' ' ORDER BY change), '') AS mark
          FROM doctor_changes WHERE doctor_id = :hospital),
    everybody AS MATERIALIZED (
        SELECT d.id, u.name, d.department, u.is_active
          FROM doctors d JOIN users u ON u.id = d.user_id
         WHERE (SELECT mark FROM noted) IS DISTINCT FROM CAST(:known AS text)
           AND d.hospital_id = :hospital AND (u.is_active OR :also_gone OR d.id = CAST(:chosen AS uuid))),
    here AS MATERIALIZED (
        SELECT CASE WHEN CAST(:department AS text) IN (SELECT department FROM everybody WHERE is_active)
                    THEN CAST(:department AS text)
                    WHEN is_large THEN coalesce(
                        (SELECT department FROM everybody WHERE is_active AND id = CAST(:chosen AS uuid)),
                        (SELECT min(department COLLATE "C") FROM everybody WHERE is_active)) END AS department,
               is_large
          FROM (SELECT coalesce(count(*) > CAST(:few AS integer), false) AS is_large
                  FROM everybody WHERE is_active) AS size),
    offered AS (
        SELECT e.* FROM everybody e, here
         WHERE (e.is_active OR :also_gone) AND (here.department IS NULL OR e.department = here.department)),
    size AS MATERIALIZED (SELECT count(*) AS count FROM offered),
    listed AS (
        SELECT offered.*, row_number() OVER (ORDER BY name, id) AS place
          FROM offered, size WHERE size.count <= :most OR :last > :skip)
    SELECT 'department' AS kind, CAST(NULL AS uuid) AS id, '' AS name, e.department, true AS is_active, 0 AS place,
           0 AS count, e.department = here.department AS is_here, here.is_large
      FROM everybody e, here WHERE e.is_active GROUP BY e.department, here.department, here.is_large
    UNION ALL
    SELECT 'size', NULL, noted.mark, '', true, 0, size.count, NULL, NULL FROM size, noted
    UNION ALL
    SELECT 'chosen', id, name, department, is_active, 0, 0, NULL, NULL FROM everybody WHERE id = CAST(:chosen AS uuid)
    UNION ALL
    (SELECT 'name', id, name, department, is_active, place, 0, NULL, NULL
       FROM listed WHERE place <= :most OR place > :skip AND place <= :last ORDER BY place)
""")


def matching(
    session: Session,
    actor: Actor,
    typed: str,
    *,
    department: str | None = None,
    also_gone: bool = False,
    first: UUID | None = None,
) -> list[tuple[str, DoctorName]]:
    """Return at most MOST_FOUND + 1 doctors of whom every word that was typed stands in the name, the department or
    the e-mail address, each with the words that name no other of them.

    `first` comes first if it fits, then who is called exactly so, then the others by name.
    """
    words = typed.replace(",", " ").lower().split()[:MOST_WORDS]
    if not words:
        return []
    given = {
        "hospital": actor.hospital_id,
        "also_gone": also_gone,
        "department": department,
        "words": words,
        "first": first,
        "typed": typed.lower(),
        "most": MOST_FOUND + 1,
    }
    rows = asking.rows(session, _MATCHING, given)
    return list(_told_apart((DoctorName(row.id, row.name, row.department, row.is_active), row.email) for row in rows))


_MATCHING = text("""
    SELECT d.id, u.name, d.department, u.is_active, u.email
      FROM doctors d JOIN users u ON u.id = d.user_id
     WHERE d.hospital_id = :hospital AND (u.is_active OR :also_gone)
       AND (CAST(:department AS text) IS NULL OR d.department = CAST(:department AS text))
       AND NOT EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word
                        WHERE strpos(lower(concat_ws(' ', u.name, d.department, u.email)), word) = 0)
     ORDER BY d.id = CAST(:first AS uuid) DESC NULLS LAST,
              :typed IN (lower(u.name), lower(u.name || ', ' || d.department)) DESC, u.name, d.department, u.email
     LIMIT :most
""")


def _told_apart(found: Iterable[tuple[DoctorName, str]]) -> Iterable[tuple[str, DoctorName]]:
    """Name doctors by name and department, and those who share both by their e-mail address too."""
    known = list(found)
    shared = Counter(one.words for one, _ in known)
    for one, email in known:
        yield f"{one.words}, {email}" if shared[one.words] > 1 else one.words, one


def meant(typed: str, found: Sequence[tuple[str, DoctorName]], was: UUID | None = None) -> DoctorName | None:
    """Return the doctor whom somebody means who typed this, of those whom `matching` found; None where it is open.

    That is the one who stood in the field before if it still says their name, else the only one who is called so or
    whom it fits.
    """
    word = typed.casefold()
    exact = [one for words, one in found if word in {words.casefold(), one.words.casefold(), one.name.casefold()}]
    kept = [one for one in exact if one.id == was and word == one.words.casefold()]
    for alike in (kept, exact, [one for _, one in found]):
        if len(alike) == 1:
            return alike[0]
    return None
