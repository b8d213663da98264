"""What a name that was typed or heard with mistakes may mean: the words that the hospital's patients are called by.

`name_words` has each of them once. They are some ten thousand where there are millions of patients, so the words that
are alike are found and compared in a moment, and the patients then by what they are called.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, product

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import SearchWord
from hms_web.services import asking, patient_search
from hms_web.services.patient_tiers import orders

MOST_MEANT = 5
"""So many meanings of a whole search are looked up, the likeliest of them."""
_MOST_ALIKE = {1: 5, 2: 5, 3: 3}
"""So many for each of its words, by how many words it has; two where there are more."""
FEW = 400
"""A word that means fewer patients is rare enough for all of them to be compared with the other words."""
_SHORTEST_PART = 2
_SPELT, _TYPED = 0.9, 0.85

# A word of patients that begins with the word typed means that word, as what is still being typed.
_ALIKE = f"""
WITH asked AS (
    SELECT CAST(at - 1 AS int) AS at, lower(word) AS word
      FROM unnest((SELECT CAST(:words AS text[]))) WITH ORDINALITY AS given (word, at)
     WHERE word <> ''),
found AS (
    SELECT s.at, v.word, {_SPELT} AS likeness
      FROM unnest(CAST(:places AS int[]), CAST(:patterns AS text[])) AS s (at, pattern)
      JOIN name_words v ON v.word LIKE lower(s.pattern) AND v.hospital_id = :hospital
    UNION ALL
    SELECT a.at, v.word, {_TYPED} * similarity(a.word, v.word)
      FROM asked a JOIN name_words v ON a.word <% v.word AND v.hospital_id = :hospital),
meant AS (
    SELECT a.at, CASE WHEN starts_with(f.word, a.word) THEN a.word ELSE f.word END AS word,
           max(CASE WHEN starts_with(f.word, a.word) THEN 1 ELSE f.likeness END) AS likeness
      FROM found f JOIN asked a ON a.at = f.at GROUP BY 1, 2),
best AS (
    SELECT at, word, likeness, row_number() OVER (PARTITION BY at ORDER BY likeness DESC, word) AS place FROM meant)
SELECT at, word, likeness,
       (SELECT count(*) FROM (
           SELECT FROM best o, LATERAL (
               SELECT FROM patient_keys k
                WHERE k.hospital_id = :hospital AND k.kind = ANY('{{0,1}}') AND k.key >= o.word
                  AND k.key < o.word || chr(1114111) LIMIT :few) each
            WHERE o.at = b.at LIMIT :few) few) AS patients
  FROM best b WHERE place <= 8
 UNION ALL
SELECT DISTINCT CAST(NULL AS int), v.word, 1, 0
  FROM name_words v WHERE v.hospital_id = :hospital AND v.word = ANY(:parts)
 ORDER BY at, likeness DESC, word
"""  # noqa: S608 numbers of our own
_ASKED = text(_ALIKE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What may be meant, likeliest first; and which of the words means few patients, where one is known to."""

    phrases: Sequence[str]
    rarest: int | None


def of(session: Session, actor: Actor, words: Sequence[SearchWord]) -> Meaning:
    """Return what the words of a name may mean, of which one is long enough to be mistyped.

    `patient_search.prepare` says how alike is alike enough.
    """
    typed = [word.text for word in words]
    long = [at for at, word in enumerate(words) if not word.is_short]
    spelt = [(at, f"%{patient_search.escaped(one)}%") for at in long for one in words[at].spellings]
    apart = {at: _apart(typed[at]) for at in long}
    given = {
        "hospital": actor.hospital_id,
        "few": FEW if len(words) > 1 else 0,
        "words": [word.text if at in long else "" for at, word in enumerate(words)],
        "places": [at for at, _ in spelt],
        "patterns": [pattern for _, pattern in spelt],
        "parts": sorted({part.lower() for pairs in apart.values() for pair in pairs for part in pair}),
    }
    rows = asking.rows(session, _ASKED, given)
    known = {row.word for row in rows if row.at is None}
    likely: list[list[tuple[float, str]]] = [[] if at in long else [(1.0, word)] for at, word in enumerate(typed)]
    patients = dict.fromkeys(long, 0)
    for row in rows:
        if row.at is not None:
            likely[row.at].append((row.likeness, row.word))
            patients[row.at] = row.patients
    for at, pairs in apart.items():
        likely[at] += [(_SPELT, " ".join(pair)) for pair in pairs if {part.lower() for part in pair} <= known]
    fewest = min(long, key=lambda at: patients[at])
    rarest = fewest if len(words) > 1 and patients[fewest] < FEW else None
    return Meaning(_phrases(typed, likely), rarest)


def _apart(word: str) -> list[tuple[str, str]]:
    """What a word is when it was two."""
    return [(word[:at], word[at:]) for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]


def _phrases(typed: Sequence[str], likely: Sequence[Sequence[tuple[float, str]]]) -> list[str]:
    """What a whole search may mean: two of its words written as one, or each word something alike."""
    joined = [" ".join([*typed[:at], typed[at] + typed[at + 1], *typed[at + 2 :]]) for at in range(len(typed) - 1)]
    most = _MOST_ALIKE.get(len(typed), 2)
    likeliest = [sorted(several, reverse=True)[:most] for several in likely]
    meant = sorted(product(*likeliest), key=lambda whole: math.prod(likeness for likeness, _ in whole), reverse=True)
    several = [orders([word for _, word in whole]) for whole in meant[:MOST_MEANT]]
    # Whoever is called what was typed has been found already.
    found = set(orders([word.lower() for word in typed]))
    return [one for one in dict.fromkeys(chain(joined, *several)) if one.lower() not in found]
