"""Which passwords are taken (NIST SP 800-63B, OWASP ASVS 6.2): long enough, and not among the first that are tried.

What they are made of is free: there is no rule about kinds of characters, and none ever expires.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from hms_web.domain.phrases import phrase
from hms_web.domain.validation import is_storable

SHORTEST, LONGEST = 12, 128
# A word of a name or address is looked for when it is as long as this, and what is left beside it counts as chosen
# when it has as many letters.
TELLING, LEFT = 4, 4

# Beginnings that the lists of leaked passwords and common words do not hold as such.
# fmt: off
_COMMON_STEMS = (
    "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "letmein", "welcome", "qwerty", "qwertyuiop",
    "asdfghjkl", "iloveyou", "admin", "administrator", "hospital", "doctor", "reception", "changeme", "secret",
    "default", "football", "baseball", "monkey", "dragon", "sunshine", "princess", "superman", "trustno",
    "abcdefghijkl", "abc", "1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6", "zaq12wsx", "correcthorsebatterystaple",
    "demo-password",
)
# fmt: on
# What everybody knows of a place like this.
_CONTEXT = ("hospital", "clinic", "frontdesk", "front", "desk", "outpatient", "outpatients", "hms")
_COMMON = phrase(
    "This password is one of the first that are tried. "
    "Choose another, for example four words that do not belong together."
)


def normal(password: str) -> str:
    """Return a password in one form, however a keyboard composed its accents."""
    return unicodedata.normalize("NFKC", password)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalpha())


@cache
def _listed() -> frozenset[str]:
    """The letters of leaked passwords, common names and common words, read when the first password is set."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 a hundred thousand words

    words = (_letters(word) for listed in FREQUENCY_LISTS.values() for word in listed)
    return frozenset(word for word in words if len(word) >= TELLING)


def is_common(password: str) -> bool:
    """Whether a password is one of the first that are tried: a word of the lists with digits and signs, or repeated."""
    lowered = password.lower()
    if len(set(lowered)) < 4 or lowered.isdigit():  # noqa: PLR2004 aaaabbbbcccc
        return True
    if any(_is_only_decorated(lowered, stem) for stem in _COMMON_STEMS):
        return True
    words = re.findall(r"[^\W\d_]+", lowered)
    return bool(words) and len(set(words)) == 1 and _once(words[0]) in _listed()


def _once(word: str) -> str:
    """The part that a word repeats, or the word."""
    return word[: (word + word).index(word, 1)]


def _is_only_decorated(password: str, stem: str) -> bool:
    rest = password.replace(stem, "")
    return rest != password and not any(char.isalpha() for char in rest)


def _is_only_known(password: str, known: Iterable[str]) -> bool:
    """Whether a password is little more than words that others know of its person and place."""
    joined = "".join(password.lower().split())
    words = {word for text in known for word in re.findall(r"[^\W_]+", normal(text).lower()) if len(word) >= TELLING}
    rest = joined
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, " ")
    if rest == joined:
        return False
    for word in _CONTEXT:
        rest = rest.replace(word, " ")
    return len(_letters(rest)) < LEFT


def password_mistake(password: str, *, name: str = "", email: str = "", hospital: str = "") -> str | None:
    """Say why a new password is not taken, or return None. `name` and `email` are its person's, `hospital` its name."""
    if not is_storable(password):
        return phrase("Use letters, digits and signs that can be printed.")
    plain = normal(password)
    if len(plain) < SHORTEST:
        return phrase("Use at least %(least)s characters.", least=SHORTEST)
    if len(plain) > LONGEST:
        return phrase("Use at most %(most)s characters.", most=LONGEST)
    known = next((words for words, texts in _known(name, email, hospital) if _is_only_known(plain, texts)), None)
    return known or (_COMMON if is_common(plain) else None)


def _known(name: str, email: str, hospital: str) -> list[tuple[str, tuple[str, ...]]]:
    """What a password must not be made of alone, with the sentence that says so."""
    return [
        (
            phrase("Do not use your own name or e-mail address. Choose four words that do not belong together."),
            (name, email),
        ),
        (
            phrase("Do not use the hospital's name. Choose four words that do not belong together."),
            (hospital, *_CONTEXT),
        ),
        (
            phrase("Do not use names that others know. Choose four words that do not belong together."),
            (name, email, hospital),
        ),
    ]
