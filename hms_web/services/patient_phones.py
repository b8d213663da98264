"""Those in whose phone number what was typed stands elsewhere than at the end.

They come after everybody whom services/patient_tiers.py finds by a number. A trigram of digits is in the phone numbers
of a hundredth of all patients, so in a large hospital a search by trigrams compares lists of twenty thousand; five
digits in a row are in those of a few.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import asking
from hms_web.services.patient_tiers import COLUMNS, FIRST, NUMBERED_STEP, Place, Tier

FEWEST = 5
"""So many digits are asked for at least: `fives_of` in the database knows no fewer."""
START = Place(Tier.REST, Decimal(100), "", FIRST.id)
"""Whoever stands after it is everybody."""

# What is looked for comes from a SELECT of its own: were it known while it is planned, it would be planned anew for
# each search, which takes longer than to carry it out.
_HAVE_IT = """
    SELECT k.patient_id FROM patient_keys k
     WHERE k.hospital_id = :hospital AND k.kind = 3
       AND fives_of(k.key) @> (SELECT fives_of(:turned)) AND strpos(k.key, :turned) > 0
"""
_FURTHER = f"{NUMBERED_STEP.format(p='p')} IS NULL"
# Ranked as `patient_search.score` does where no name was typed.
_RANKED = f"""
SELECT * FROM (
    SELECT CAST(30 - length(p.name) / 10000.0 AS numeric(8, 4)) AS step, p.name AS key, {COLUMNS}
      FROM patients p
     WHERE p.id = ANY(ARRAY({_HAVE_IT})) AND {_FURTHER}) AS found
 WHERE step < :step OR step = :step AND (key, id) > (:key, :id)
 ORDER BY step DESC, key, id LIMIT {{rows}}
"""  # noqa: S608 words of our own
_ANY = text(f"SELECT FROM ({_HAVE_IT} OFFSET 0) k JOIN patients p ON p.id = k.patient_id WHERE {_FURTHER} LIMIT 1")


@lru_cache(maxsize=256)
def _statement(rows: int) -> TextClause:
    return text(_RANKED.format(rows=rows))


def read(session: Session, actor: Actor, given: Mapping[str, object], rows: int, after: Place) -> Sequence[Any]:
    """Return the best `rows` of those who stand after a place, with their `step` and `key`.

    `given` is what `patient_tiers.number_of` says of a number with `FEWEST` digits or more.
    """
    place = {"step": after.step, "key": after.key, "id": after.id}
    return asking.rows(session, _statement(rows), {**_asked(actor, given), **place})


def are_any(session: Session, actor: Actor, given: Mapping[str, object]) -> bool:
    """Whether there is anybody to `read`."""
    return bool(asking.rows(session, _ANY, _asked(actor, given)))


def _asked(actor: Actor, given: Mapping[str, object]) -> dict[str, object]:
    return {"hospital": actor.hospital_id, "turned": str(given["digits"])[::-1], **given}
