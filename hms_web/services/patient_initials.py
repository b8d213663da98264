"""Those of whose name the first word begins with one of two initials and the second with the other.

They come after everybody who is called just what was typed (services/patient_tiers.py). In a large hospital each
initial begins a hundred thousand names, most of which go on with something else, so the first is written out: the words
of `name_words` that begin with it are gone through, and each is asked whether names go on from it with the second.
The words only say where to look. Who is found and who stands before whom is decided by each name and by what was typed,
so nobody is lost between two pages, or shown on both, when a patient brings a word or takes one along.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import asking
from hms_web.services.patient_tiers import BEGINS_WITH, COLUMNS, FIRST, FITS, Place, orders

IN_ORDER, TURNED = 100, 101
"""The steps of those who have the initials as they were typed and the other way round: after those of any phrase."""

# What is looked for comes from a SELECT of its own: were it known while it is planned, it would be planned anew for
# each search. A word stands there as often as patients brought it at once; whoever has only the initial for a word is
# called just what was typed. The first word of a name leads its order, so that words are gone through no further than
# the page goes.
_CALLED = f"""
SELECT CAST(:step AS int) AS step, hit.key, {COLUMNS}
  FROM (SELECT w.word, found.key, found.patient_id
          FROM (SELECT DISTINCT word FROM name_words
                 WHERE hospital_id = :hospital AND word >= (SELECT split_part(:key, ' ', 1))
                   AND word > (SELECT lower(:first)) AND word < (SELECT lower(:first)) || chr(1114111)) AS w
         CROSS JOIN LATERAL (
            SELECT w.word || ' ' || (SELECT lower(:second)),
                   w.word = (SELECT split_part(:key, ' ', 1))) AS a (phrase, is_left)
         CROSS JOIN LATERAL (
            SELECT k.key, k.patient_id
              FROM patient_keys k
             WHERE k.hospital_id = :hospital AND k.kind = 0 AND k.key < a.phrase || chr(1114111)
               AND (k.key, k.patient_id) > (CASE WHEN a.is_left THEN CAST(:key AS text) COLLATE "C" ELSE a.phrase END,
                                            CASE WHEN a.is_left THEN CAST(:id AS uuid) ELSE CAST(:least AS uuid) END)
               AND NOT EXISTS (SELECT FROM unnest((SELECT CAST(:phrases AS text[]))) b
                                WHERE {FITS.format(name="(' ' || k.key)", phrase="lower(b)")})
               {{further}}
             ORDER BY k.key, k.patient_id LIMIT {{rows}}) AS found
         ORDER BY w.word, found.key, found.patient_id LIMIT {{rows}}) AS hit
  JOIN patients p ON p.id = hit.patient_id
 ORDER BY hit.word, hit.key, p.id
"""  # noqa: S608 words of our own
_NOT_IN_ORDER = "AND NOT " + BEGINS_WITH.format(
    name="(' ' || k.key)", first="(SELECT lower(:second))", second="(SELECT lower(:first))"
)
_FURTHER = {IN_ORDER: "", TURNED: _NOT_IN_ORDER}


@lru_cache(maxsize=512)
def _statement(step: int, rows: int) -> TextClause:
    return text(_CALLED.format(further=_FURTHER[step], rows=rows))


def read(session: Session, actor: Actor, initials: Sequence[str], rows: int, after: Place) -> Sequence[Any]:
    """Return the first `rows` of those who stand after a place among whoever begins so, with their `step` and `key`."""
    found: list[Any] = []
    first, second = initials
    given = {"hospital": actor.hospital_id, "phrases": orders(initials), "least": FIRST.id}
    for step, one, other in ((IN_ORDER, first, second), (TURNED, second, first)):
        if after.step > step or len(found) >= rows:
            continue
        place = after if after.step == step else FIRST
        asked = {"step": step, "first": one, "second": other, "key": place.key, "id": place.id}
        found += asking.rows(session, _statement(step, rows), given | asked)
    return found
