"""Which passwords are taken: long enough and not among the first that are tried. What they are made of is free."""

import unicodedata

from hms_web.domain.validation import is_storable

SHORTEST, LONGEST = 12, 128

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


def password_mistake(password: str) -> str | None:
    """Say why a new password is not taken, or return None."""
    if not is_storable(password):
        return "Use letters, digits and signs that can be printed."
    length = len(normal(password))
    if length < SHORTEST:
        return f"Use at least {SHORTEST} characters."
    if length > LONGEST:
        return f"Use at most {LONGEST} characters."
    if is_common(normal(password)):
        return (
            "This password is one of the first that are tried. "
            "Choose another, for example four words that do not belong together."
        )
    return None
