"""Finding patients by what somebody types or hears: parts of a name with typing errors, digits of a phone, an MRN.

The words of a search all have to match. A word of digits matches a phone number anywhere (so the last digits do) or
begins an MRN; any other word matches a name, forgiving typing errors where it is long enough. Trigram indexes answer
all of that, and read as many as are alike; who fits best is found without them (services/patient_tiers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Numeric, case, cast, func, literal, or_, text
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import SearchWord, search_words
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import is_storable
from hms_web.models import Patient
from hms_web.services import asking, unit_of_work

LONGEST_QUERY, MOST_WORDS = 120, 6
MANY = 8_000
_HAS_MANY = text("""
    SELECT count(*) >= :many AS has_many
      FROM (SELECT FROM patient_keys k
             WHERE k.hospital_id = :hospital AND k.kind = ANY('{0,1}') AND k.key >= lower(:word)
               AND k.key < lower(:word) || chr(1114111) LIMIT :many) AS begun
""")
SIMILAR_ENOUGH = 0.4
_TELLING_END = 6
_ESCAPE = "\\"


def escaped(typed: str) -> str:
    """Return text for LIKE that means itself."""
    return typed.replace(_ESCAPE, _ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood: its words, and what was typed of it as a name and as a whole."""

    words: Sequence[SearchWord]
    typed: str

    @property
    def is_empty(self) -> bool:
        """Whether everybody is meant."""
        return not self.typed

    @property
    def name(self) -> str:
        """The part that is meant as a name."""
        return " ".join(word.text for word in self.words if word.is_name)

    @property
    def is_short(self) -> bool:
        """Whether no word is long enough for a trigram, so that the order by name has to do."""
        return all(word.is_short for word in self.words)

    @property
    def is_of_names(self) -> bool:
        """Whether every word can only be a part of a name."""
        return bool(self.words) and not any(word.has_digit for word in self.words)

    @property
    def number(self) -> SearchWord | None:
        """The only word, where it can be a phone number or an MRN."""
        return self.words[0] if len(self.words) == 1 and self.words[0].has_digit else None


def understand(q: str) -> Search:
    """Return what a search means; raises InvalidInput for one that cannot be meant."""
    if not is_storable(q):
        raise InvalidInput([("q", phrase("Use letters, digits and signs that can be printed."))])
    typed = " ".join(q.split())
    if len(typed) > LONGEST_QUERY:
        raise InvalidInput([("q", phrase("Use at most %(most)s characters.", most=LONGEST_QUERY))])
    return Search(search_words(typed)[:MOST_WORDS], typed)


def prepare(session: Session) -> None:
    """Set how alike a name has to be, for the rest of the transaction."""
    unit_of_work.begin(session)
    session.execute(text(f"SET LOCAL pg_trgm.word_similarity_threshold = {SIMILAR_ENOUGH}"))


def matches(q: str, *, is_common: bool = False) -> ColumnElement[bool]:
    """Return the condition that a patient is found by `q`; raises InvalidInput.

    What `is_common` is not looked for by an index, but among those who are found otherwise.
    """
    found = condition(understand(q))
    return found.is_(other=True) if is_common else found


def is_common(session: Session, actor: Actor, q: str) -> bool:
    """Whether `q` is one word with which so many names go on that some stand in any list of patients before long.

    The server thinks all who are alike fewer than they are, and found forty thousand to show twenty. Of several words
    it is not known how many names have them together.
    """
    words = understand(q).words
    if len(words) != 1 or words[0].has_digit:
        return False
    given = {"hospital": actor.hospital_id, "word": words[0].text, "many": MANY}
    return bool(asking.rows(session, _HAS_MANY, given)[0].has_many)


def condition(search: Search) -> ColumnElement[bool]:
    """Return the condition that every word of a search matches; of nothing but signs, none does."""
    if not search.words and not search.is_empty:
        return literal(value=False)
    found: ColumnElement[bool] = literal(value=True)
    for word in search.words:
        found &= _matches(word)
    return found


def _matches(word: SearchWord) -> ColumnElement[bool]:
    mrn = [Patient.mrn.ilike(f"{escaped(word.text)}%", escape=_ESCAPE)] if word.has_digit else []
    return or_(matches_beside_number(word), *mrn)


def matches_beside_number(word: SearchWord) -> ColumnElement[bool]:
    """Return the condition that a word matches a phone number or a name."""
    if word.digits:
        anywhere = Patient.phone_digits.like(f"%{word.digits}%")
        if len(word.digits) <= _TELLING_END:
            return anywhere
        # The index is asked for the end alone: all numbers of a country and its networks begin alike.
        return Patient.phone_digits.like(f"%{word.digits[-_TELLING_END:]}%") & anywhere.is_(other=True)
    typed = escaped(word.text)
    if word.is_short:
        return or_(*(Patient.name.ilike(begins, escape=_ESCAPE) for begins in (f"{typed}%", f"% {typed}%")))
    spellings = [Patient.name.ilike(f"%{escaped(spelling)}%", escape=_ESCAPE) for spelling in word.spellings]
    alike = literal(word.text).op("<%", is_comparison=True)(Patient.name)
    return or_(*spellings, alike)


def score(search: Search) -> ColumnElement[Decimal]:
    """Return how well a patient fits, best highest: the very MRN, the very name, its beginning, a word's, likeness.

    Of two that fit alike the shorter name comes first.
    """
    name, whole = search.name, search.typed
    best = case(
        (func.lower(Patient.mrn) == whole.lower(), 50),
        (Patient.phone_digits == whole, 45),
        (func.lower(Patient.name) == name.lower(), 40),
        (Patient.name.ilike(f"{escaped(name)}%", escape=_ESCAPE), 30),
        (Patient.name.ilike(f"% {escaped(name)}%", escape=_ESCAPE), 20),
        (Patient.name.ilike(f"%{escaped(name)}%", escape=_ESCAPE), 10),
        else_=func.word_similarity(name, Patient.name),
    )
    return cast(best - func.char_length(Patient.name) / 10_000, Numeric(8, 4))


def rank(search: Search) -> ColumnElement[Decimal] | None:
    """Return the score to order by; None where the order by name says as much: without words, or with short ones."""
    return score(search) if search.words and not search.is_short else None
