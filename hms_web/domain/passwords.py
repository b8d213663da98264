"""Which passwords are taken: long enough and not among the first that are tried. What they are made of is free."""

import unicodedata

from hms_web.domain.phrases import phrase
from hms_web.domain.validation import is_storable

SHORTEST, LONGEST = 12, 128
# The part of an e-mail address before its @ says who somebody is when it is as long as this.
TELLING = 8

# Well-known beginnings; a password is common when nothing but digits, signs or a repetition is added to one of them.
# fmt: off
_COMMON_STEMS = (
    "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "letmein", "welcome", "qwerty", "qwertyuiop",
    "asdfghjkl", "iloveyou", "admin", "administrator", "hospital", "doctor", "reception", "changeme", "secret",
    "default", "football", "baseball", "monkey", "dragon", "sunshine", "princess", "superman", "trustno",
    "abcdefghijkl", "abc", "1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6", "zaq12wsx", "correcthorsebatterystaple",
    "demo-password",
)
# fmt: on


def normal(password: str) -> str:
    """Return a password in one form, however a keyboard composed its accents."""
    return unicodedata.normalize("NFKC", password)


def is_common(password: str) -> bool:
    """Whether a password is one of the first that are tried."""
    lowered = password.lower()
    if len(set(lowered)) < 4 or lowered.isdigit():  # noqa: PLR2004 aaaabbbbcccc
        return True
    return any(_is_only_decorated(lowered, stem) for stem in _COMMON_STEMS)


def _is_only_decorated(password: str, stem: str) -> bool:
    rest = password.replace(stem, "")
    return rest != password and not any(char.isalpha() for char in rest)


def _names_its_person(password: str, name: str, email: str) -> bool:
    """Whether a password is its person's name or e-mail address, or little more than that."""
    email = normal(email).strip().lower()
    local = email.partition("@")[0]
    stems = ["".join(normal(name).lower().split()), email, local if len(local) >= TELLING else ""]
    joined = "".join(password.lower().split())
    return any(_is_only_decorated(joined, stem) for stem in stems if stem)


def password_mistake(password: str, *, name: str = "", email: str = "") -> str | None:
    """Say why a new password is not taken, or return None. `name` and `email` are those of its person."""
    if not is_storable(password):
        return phrase("Use letters, digits and signs that can be printed.")
    length = len(normal(password))
    if length < SHORTEST:
        return phrase("Use at least %(least)s characters.", least=SHORTEST)
    if length > LONGEST:
        return phrase("Use at most %(most)s characters.", most=LONGEST)
    if _names_its_person(normal(password), name, email):
        return phrase("Do not use your own name or e-mail address. Choose four words that do not belong together.")
    if is_common(normal(password)):
        return phrase(
            "This password is one of the first that are tried. "
            "Choose another, for example four words that do not belong together."
        )
    return None
