"""Those who fit a search best, read in the order of an index and no further than a page goes.

A trigram index finds all who are alike, forty thousand namesakes in a large hospital, and has to rank them before the
best are known. `patient_keys` has every name from each of its words on, every number and every phone number from its
end, in order: who begins with what is typed stands together there. Each tier here is a few ranges of it, a step each;
a patient is in the first step that fits and in no other, so that pages follow each other without a gap or a repetition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from itertools import permutations
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import SearchWord
from hms_web.services import asking
from hms_web.services.patient_search import Search


class Tier(IntEnum):
    """How somebody is found, best first."""

    NUMBERED = 0
    """The very number or phone number, the end of a phone number, the beginning of a number."""
    BEGUN = 1
    """A name with what is typed from its beginning, or from one of its words on; the words in any order.

    Of two initials also one of which the first two words begin with them (services/patient_initials.py).
    """
    SCATTERED = 2
    """A name of which some word begins with each word typed."""
    MEANT = 3
    """The same as `BEGUN` with what the hospital's patients are called instead of what was typed by mistake."""
    REST = 4
    """Everybody else who is alike."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands in the whole list; `step` is a rank in the last tier, the best highest."""

    tier: int
    step: Decimal
    key: str
    id: UUID


COLUMNS = """
       p.id, p.mrn, p.name, p.phone, p.email, p.date_of_birth, p.sex, p.status, p.no_show_count, p.lifetime_no_shows,
       p.blocked_at, p.blocked_reason, p.created_at
"""
MOST_ORDERED = 3
_LAST_ID = UUID(int=2**128 - 1)
FIRST = Place(-1, Decimal(0), "", UUID(int=0))

# Whether a name, written with a space before it, has a phrase from one of its words on; or, of a phrase with a tab,
# ends with what stands before that and begins with what stands after.
FITS = """
    CASE WHEN strpos({phrase}, E'\\t') = 0 THEN strpos({name}, ' ' || {phrase}) > 0
         ELSE starts_with({name}, ' ' || split_part({phrase}, E'\\t', 2))
          AND right({name}, strpos({phrase}, E'\\t')) = ' ' || split_part({phrase}, E'\\t', 1)
          AND length({name}) > length({phrase}) END
"""
BEGINS_WITH = "(starts_with(split_part({name}, ' ', 2), {first}) AND starts_with(split_part({name}, ' ', 3), {second}))"
"""Whether a name, written with a space before it, has a first word that begins with one initial and a second one with
the other."""
# What was typed comes from a SELECT of its own: were it known while a statement is planned, each search would be
# planned anew, which takes five times as long as to carry it out.
# `asked` has the phrases, each a step from the beginning of names and one from their later words. Those whose whole
# name is a phrase with a tab are not read again where an earlier step has the same words in the order of the name.
_IN_NAMES = f"""
SELECT hit.step, hit.key, {COLUMNS}
  FROM (SELECT s.step, found.key, found.patient_id
          FROM asked a
         CROSS JOIN generate_series(0, 1) AS later
         CROSS JOIN LATERAL (SELECT a.step * 2 + later) AS s (step)
         CROSS JOIN LATERAL (
            SELECT CASE WHEN s.step = :step THEN greatest(CAST(:key AS text) COLLATE "C", a.phrase) ELSE a.phrase END,
                   CASE WHEN s.step = :step THEN CAST(:id AS uuid)
                        WHEN EXISTS (SELECT FROM asked b
                                      WHERE split_part(a.phrase, E'\\t', 2) || ' ' || split_part(a.phrase, E'\\t', 1)
                                            = b.phrase AND b.step < a.step) THEN CAST(:most AS uuid)
                        ELSE CAST(:least AS uuid) END) AS low (key, id)
         CROSS JOIN LATERAL (
            SELECT k.key, k.patient_id
              FROM patient_keys k
             CROSS JOIN LATERAL (
                SELECT CASE later WHEN 0 THEN 1 ELSE length(split_part(k.key, E'\\t', 2)) + 2 END,
                       CASE later WHEN 0 THEN ' ' || k.key
                            ELSE ' ' || split_part(k.key, E'\\t', 2) || ' ' || split_part(k.key, E'\\t', 1) END
                ) AS n (at, name)
             WHERE k.hospital_id = :hospital AND k.kind = later
               AND (k.key, k.patient_id) > (low.key, low.id) AND k.key < a.phrase || chr(1114111)
               AND (strpos(a.phrase, E'\\t') > 0 OR strpos(n.name, ' ' || a.phrase) = n.at)
               {{further}}
             ORDER BY k.key, k.patient_id LIMIT {{rows}}) AS found
         WHERE s.step >= :step
         ORDER BY 1, 2, 3 LIMIT {{rows}}) AS hit
  JOIN patients p ON p.id = hit.patient_id
 ORDER BY hit.step, hit.key, p.id
"""  # noqa: S608 words of our own
_PHRASES = """
WITH asked AS MATERIALIZED (
    SELECT step, lower(phrase) AS phrase
      FROM unnest((SELECT CAST(:phrases AS text[]))) WITH ORDINALITY AS given (phrase, step))
"""
_NO_STEP_BEFORE = f"""
    AND NOT EXISTS (SELECT FROM asked b WHERE b.step < a.step AND {FITS.format(name="n.name", phrase="b.phrase")})
"""
_NOT_EACH_WORD = """
    AND EXISTS (SELECT FROM unnest((SELECT CAST(:words AS text[]))) w WHERE strpos(n.name, ' ' || lower(w)) = 0)
"""
_INITIAL = "lower((SELECT CAST(:initials AS text[]))[{}])"
# The word that begins the fewest names is looked up, and the others in what it finds.
_RAREST = """
WITH asked AS MATERIALIZED (
    SELECT w.step, lower(w.word) AS phrase
      FROM unnest((SELECT CAST(:words AS text[]))) WITH ORDINALITY AS w (word, step)
     ORDER BY w.step = :step / 2 DESC,
              (SELECT count(*) FROM (
                  SELECT FROM patient_keys k
                   WHERE k.hospital_id = :hospital AND k.kind = ANY('{{0,1}}') AND k.key >= lower(w.word)
                     AND k.key < lower(w.word) || chr(1114111) LIMIT 500) AS few),
              length(w.word) DESC, w.step
     LIMIT 1)
"""
_EACH_WORD_AND_NO_PHRASE = f"""
    AND strpos(' ' || replace(k.key, E'\\t', ' '), ' ' || lower(:longest)) > 0
    AND strpos(' ' || replace(k.key, E'\\t', ' '), ' ' || lower(:second)) > 0
    AND NOT EXISTS (SELECT FROM unnest((SELECT CAST(:words AS text[]))) w WHERE strpos(n.name, ' ' || lower(w)) = 0)
    AND NOT EXISTS (SELECT FROM unnest((SELECT CAST(:phrases AS text[]))) b
                     WHERE {FITS.format(name="n.name", phrase="lower(b)")})
    AND ({BEGINS_WITH.format(name="n.name", first=_INITIAL.format(1), second=_INITIAL.format(2))}
         OR {BEGINS_WITH.format(name="n.name", first=_INITIAL.format(2), second=_INITIAL.format(1))}) IS NOT TRUE
"""  # noqa: S608
LONGER = 2
"""The first step of those who are found by a number and have a longer one."""
# The step of a patient `p` whom a number finds.
NUMBERED_STEP = """
    CASE WHEN lower({p}.mrn) = lower(:typed) THEN 0
         WHEN {p}.phone_digits = :typed THEN 1
         WHEN :digits <> '' AND right({p}.phone_digits, length(:digits)) = :digits THEN 2
         WHEN starts_with(lower({p}.mrn), lower(:number)) THEN 3 END
"""
# The beginnings of numbers are not looked for where the first page is full of the ends of phone numbers: each of them
# has to be asked whether it is one of those.
_BY_NUMBER = f"""
SELECT hit.step, hit.key, {COLUMNS}
  FROM (SELECT a.step, found.key, found.patient_id
          FROM (VALUES (0, 2, lower(:typed), lower(:typed)),
                       (1, 3, reverse(:typed), reverse(:typed)),
                       (2, 3, reverse(:digits), reverse(:digits) || chr(1114111)),
                       (3, 2, lower(:number), lower(:number) || chr(1114111))) AS a (step, kind, low, high)
         CROSS JOIN (SELECT ARRAY(SELECT patient_id FROM patient_keys WHERE hospital_id = :hospital AND kind = 2
                                     AND key = lower(:typed)) AS ids) AS very
         CROSS JOIN LATERAL (
            SELECT CASE WHEN a.step = :step THEN greatest(CAST(:key AS text) COLLATE "C", a.low) ELSE a.low END,
                   CASE WHEN a.step = :step THEN CAST(:id AS uuid) ELSE CAST(:least AS uuid) END) AS low (key, id)
         CROSS JOIN LATERAL (
            SELECT k.key, k.patient_id
              FROM patient_keys k
             WHERE k.hospital_id = :hospital AND k.kind = a.kind AND a.low <> ''
               AND (k.key, k.patient_id) > (low.key, low.id) AND k.key <= a.high
               AND CASE a.step WHEN 0 THEN true
                        WHEN 1 THEN k.patient_id <> ALL(very.ids)
                        WHEN 2 THEN k.patient_id <> ALL(very.ids) AND k.key <> reverse(:typed)
                        ELSE k.key <> lower(:typed) AND (SELECT {NUMBERED_STEP.format(p="o")}
                                                           FROM patients o WHERE o.id = k.patient_id) = 3 END
             ORDER BY k.key, k.patient_id LIMIT {{rows}}) AS found
         WHERE a.step >= :step
           AND (a.step < 3 OR CAST(:key AS text) <> '' OR :digits = '' OR {{rows}} > (SELECT count(*) FROM (
                SELECT FROM patient_keys k WHERE k.hospital_id = :hospital AND k.kind = 3 AND k.key >= reverse(:digits)
                   AND k.key < reverse(:digits) || chr(1114111) LIMIT {{rows}}) AS ends))
         ORDER BY 1, 2, 3 LIMIT {{rows}}) AS hit
  JOIN patients p ON p.id = hit.patient_id
 ORDER BY hit.step, hit.key, p.id
"""  # noqa: S608 words of our own
# What the tiers before have not shown of all who are alike.
NOT_NUMBERED = f"{NUMBERED_STEP.format(p='patients')} IS NULL"
NOT_NAMED = f"""
    EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w
             WHERE strpos(' ' || lower(p.name), ' ' || lower(w)) = 0)
    AND NOT EXISTS (SELECT FROM unnest(CAST(:meant AS text[])) m
                     WHERE {FITS.format(name="(' ' || lower(p.name))", phrase="lower(m)")})
"""  # noqa: S608
_STATEMENTS = {
    Tier.NUMBERED: _BY_NUMBER,
    Tier.BEGUN: _PHRASES + _IN_NAMES.replace("{further}", _NO_STEP_BEFORE),
    Tier.SCATTERED: _RAREST + _IN_NAMES.replace("{further}", _EACH_WORD_AND_NO_PHRASE),
    Tier.MEANT: _PHRASES + _IN_NAMES.replace("{further}", _NO_STEP_BEFORE + _NOT_EACH_WORD),
}


@lru_cache(maxsize=1024)
def _statement(tier: Tier, rows: int) -> TextClause:
    return text(_STATEMENTS[tier].format(rows=rows))


def read(
    session: Session, actor: Actor, tier: Tier, rows: int, after: Place, given: Mapping[str, object]
) -> Sequence[Any]:
    """Return the first `rows` patients of a tier that stand after a place in it, with their `step` and `key`.

    `given` is what the statement asks for beside that: `phrases` and `words` for names, `number_of` for a number, and
    for who has each word the `longest` and `second` of them and, where they are two `initials`, those. The limit stands
    in the statement as a number, for the reason that `paging.one_more` gives.
    """
    place = {"step": int(after.step), "key": after.key, "id": after.id, "least": FIRST.id, "most": _LAST_ID}
    return asking.rows(session, _statement(tier, rows), {"hospital": actor.hospital_id, **place, **given})


def number_of(wanted: Search, number: SearchWord) -> dict[str, object]:
    """Return a number as it is asked for."""
    return {"typed": wanted.typed, "digits": number.digits, "number": number.text}


def orders(words: Sequence[str]) -> list[str]:
    """Return how some words may stand in a name: in each order, of more than three words only as they are.

    With a tab, what stands before that ends a name and what stands after begins it, as where the family name is typed
    first, or with an initial.
    """
    every = list(permutations(words)) if len(words) <= MOST_ORDERED else [tuple(words)]
    around = every if len(words) == 2 else every[:1]  # noqa: PLR2004 both orders
    ended = [" ".join(order[:at]) + "\t" + " ".join(order[at:]) for order in around for at in range(1, len(words))]
    return list(dict.fromkeys([*(" ".join(order) for order in every), *ended]))
