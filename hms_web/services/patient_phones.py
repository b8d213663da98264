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
from hms_web.services.patient_tiers import COLUMNS, FIRST, NUMBERED_STEP, Place

FEWEST = 5
"""So many digits are asked for at least: `fives_of` in the database knows no fewer."""
_BEFORE_ALL = Decimal(100)

# Ranked as `patient_search.score` does where no name was typed. What is looked for comes from a SELECT of its own: were
# it known while it is planned, it would be planned anew for each search, which takes longer than to carry it out.
_WITHIN = f"""
SELECT * FROM (
    SELECT CAST(30 - length(p.name) / 10000.0 AS numeric(8, 4)) AS step, p.name AS key, {COLUMNS}
      FROM patients p
     WHERE p.id = ANY(ARRAY(
               SELECT k.patient_id FROM patient_keys k
                WHERE k.hospital_id = :hospital AND k.kind = 3
                  AND fives_of(k.key) @> (SELECT fives_of(:turned)) AND strpos(k.key, :turned) > 0))
       AND {NUMBERED_STEP.format(p="p")} IS NULL) AS found
 WHERE step < :step OR step = :step AND (key, id) > (:key, :id)
 ORDER BY step DESC, key, id LIMIT {{rows}}
"""  # noqa: S608 words of our own


@lru_cache(maxsize=256)
def _statement(rows: int) -> TextClause:
    return text(_WITHIN.format(rows=rows))


def read(session: Session, actor: Actor, given: Mapping[str, object], rows: int, after: Place | None) -> Sequence[Any]:
    """Return the best `rows` of those who stand after a place, with their `step` and `key`.

    `given` is what `patient_tiers.number_of` says of a number with `FEWEST` digits or more.
    """
    place = FIRST if after is None else after
    step = _BEFORE_ALL if after is None else after.step
    known = {"hospital": actor.hospital_id, "step": step, "key": place.key, "id": place.id}
    known["turned"] = str(given["digits"])[::-1]
    return asking.rows(session, _statement(rows), {**known, **given})
