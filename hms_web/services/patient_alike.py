"""Those whom a search for a name finds by likeness alone, in parts of words and across words: all are ranked.

They come last, after everybody whom services/patient_tiers.py finds in the order of an index.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import asking
from hms_web.services.patient_meanings import Meaning
from hms_web.services.patient_search import Search, escaped
from hms_web.services.patient_tiers import COLUMNS, NOT_NAMED, Place

_FURTHER = "WHERE (a.step, a.key, a.id) > (:step, :key, :id)"
_ALIKE = f"""
SELECT * FROM (
    SELECT CAST(length(p.name) / 10000.0 - CASE WHEN strpos(lower(p.name), lower(:name)) > 0 THEN 10
                                                ELSE word_similarity(:name, p.name) END AS numeric(8, 4)) AS step,
           p.name AS key, {COLUMNS}
      FROM patients p
     WHERE p.hospital_id = :hospital {{words}} AND {NOT_NAMED}) AS a
 {{after}}
 ORDER BY a.step, a.key, a.id LIMIT {{rows}}
"""  # noqa: S608 words of our own
_LONG = "(p.name ILIKE ANY(CAST(:spelt{at} AS text[])) OR CAST(:word{at} AS text) <% p.name)"
_SHORT = "strpos(' ' || lower(p.name), ' ' || lower(:word{at})) > 0"


@lru_cache(maxsize=1024)
def _statement(shorts: tuple[bool, ...], rarest: int | None, rows: int, *, is_further: bool) -> TextClause:
    """The statement. Where it is known which word is the rarest, the index is asked for that one alone."""
    conditions = [(_SHORT if is_short else _LONG).format(at=at) for at, is_short in enumerate(shorts)]
    asked = [f"AND {one}" if rarest in {None, at} else f"AND {one} IS TRUE" for at, one in enumerate(conditions)]
    return text(_ALIKE.format(words=" ".join(asked), rows=rows, after=_FURTHER if is_further else ""))


def read(
    session: Session, actor: Actor, wanted: Search, meaning: Meaning, rows: int, after: Place | None
) -> Sequence[Any]:
    """Return the best `rows` of those who stand after a place, with their `step` and `key`.

    `patient_search.prepare` says how alike is alike enough.
    """
    words = [word.text for word in wanted.words]
    given: dict[str, object] = {"hospital": actor.hospital_id, "name": wanted.name, "words": words}
    given["meant"] = meaning.phrases
    for at, word in enumerate(wanted.words):
        given[f"word{at}"] = word.text
        if not word.is_short:
            given[f"spelt{at}"] = [f"%{escaped(one)}%" for one in word.spellings]
    if after is not None:
        given |= {"step": after.step, "key": after.key, "id": after.id}
    shorts = tuple(word.is_short for word in wanted.words)
    return asking.rows(session, _statement(shorts, meaning.rarest, rows, is_further=after is not None), given)
