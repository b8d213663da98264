"""What a patient record says and when it is refused."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from hms_web.domain.phrases import phrase
from hms_web.domain.validation import line_mistake


class PatientStatus(StrEnum):
    """Whether a patient may book."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class Sex(StrEnum):
    """Administrative sex, with the values of HL7 FHIR."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


EARLIEST_BIRTH = date(1900, 1, 1)
LONGEST_MRN = 32
LONGEST_PHONE, FEWEST_DIGITS = 20, 5
TELLING_DIGITS = 9
_PHONE_SIGNS = frozenset("0123456789+-() ")


def digits_of(text: str) -> str:
    """Return only the digits 0 to 9 of a text, as the database's `phone_digits` does."""
    return "".join(char for char in text if char in "0123456789")


def phone_mistake(phone: str | None) -> str | None:
    """Say what is wrong with a phone number, which may be missing."""
    if phone is None:
        return None
    if not _PHONE_SIGNS.issuperset(phone):
        return phrase("Use only digits, spaces and + - ( ).")
    if len(phone) > LONGEST_PHONE or len(digits_of(phone)) < FEWEST_DIGITS:
        return phrase(
            "A phone number has at least %(least)s digits and at most %(most)s characters.",
            least=FEWEST_DIGITS,
            most=LONGEST_PHONE,
        )
    return None


def birth_mistake(born: date | None, today: date) -> str | None:
    """Say what is wrong with a date of birth, which may be missing."""
    if born is None:
        return None
    if born > today:
        return phrase("A date of birth cannot be in the future.")
    return phrase("Check the year: the date lies before 1900.") if born < EARLIEST_BIRTH else None


def mrn_mistake(mrn: str | None) -> str | None:
    """Say what is wrong with a patient number that was given; None lets the hospital give the next one."""
    return None if mrn is None else line_mistake(mrn, LONGEST_MRN)


def age_on(day: date, born: date) -> int:
    """Return the completed years on a day; who was born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def same_phone_ending(phone: str) -> str:
    """Return the digits by which two phone numbers are the same, whatever country code or leading zero was written.

    Too few digits to be a phone number tell nobody from anybody: then it is empty.
    """
    digits = digits_of(phone)
    return digits[-TELLING_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""


def given_mrn(number: int) -> str:
    """Return the patient number that the hospital gives as its `number`-th."""
    return f"{number:06d}"


SHORTEST_TRIGRAM = 3
_SWAPPED_LENGTHS = range(4, 9)


@dataclass(frozen=True, slots=True)
class SearchWord:
    """One word of a search for patients. `digits` is set when it is a (part of a) phone number or a numeric MRN."""

    text: str
    digits: str = ""

    @property
    def is_name(self) -> bool:
        """Whether it is meant as a part of a name."""
        return not self.digits

    @property
    def has_digit(self) -> bool:
        """Whether it can be the beginning of an MRN with letters."""
        return bool(digits_of(self.text))

    @property
    def is_short(self) -> bool:
        """Whether it is too short to be looked for anywhere but at the beginning of a word."""
        return len(self.digits or self.text) < SHORTEST_TRIGRAM

    @property
    def spellings(self) -> list[str]:
        """The word, and for a short one also what it is with two neighbouring letters swapped.

        Trigrams forgive every other slip, but of a swap in a short word they keep next to nothing.
        """
        word = self.text
        if len(word) not in _SWAPPED_LENGTHS or not word.isalpha():
            return [word]
        swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
        return list(dict.fromkeys([word, *swapped]))


def _is_number(word: str) -> bool:
    return _PHONE_SIGNS.issuperset(word)


def search_words(typed: str) -> list[SearchWord]:
    """Return the words of what somebody typed.

    A phone number written in several words is one, and of a long one the ending tells.
    """
    words: list[SearchWord] = []
    for is_number, group in groupby(typed.split(), _is_number):
        together = list(group)
        if not is_number:
            words += [SearchWord(word) for word in together]
            continue
        digits = digits_of("".join(together))
        if len(digits) > TELLING_DIGITS:
            words.append(SearchWord("".join(together), digits[-TELLING_DIGITS:]))
        else:
            words += [SearchWord(word, digits_of(word)) for word in together if digits_of(word)]
    return words
