"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for whoever has lost it."""

from datetime import datetime

import pyotp

STEP_SECONDS = 30
DIGITS = 6
# A code of the step before or after is taken too: clocks differ, and typing takes its time.
STEPS_AROUND = 1
RECOVERY_CODES = 10
# Five bits each: 140, so that a plain hash of one is enough. Those of former times have 80 and are taken until they go.
RECOVERY_LENGTH = 28
FORMER_RECOVERY_LENGTH = 16
# No letter that is read as another one; those that are typed instead are taken for what they look like.
RECOVERY_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
ISSUER = "Front desk"


def step_at(now: datetime) -> int:
    """The number of the half minute that `now` lies in, as the app counts them."""
    return int(now.timestamp()) // STEP_SECONDS


def step_of_code(secret: str, code: str, *, now: datetime, last_step: int | None) -> int | None:
    """The step that a code belongs to, or None where it is not right, too old, or not newer than `last_step`.

    `secret` is Base32. Whoever has seen a code being typed cannot use it, nor an earlier one.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS), step_at(now)
    steps = range(present - STEPS_AROUND, present + STEPS_AROUND + 1)
    matching = [step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), digits)]
    return next((step for step in matching if last_step is None or step > last_step), None)


def app_address(secret: str, account: str) -> str:
    """The address that an authenticator app reads from the picture: `otpauth://totp/…`."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=account, issuer_name=ISSUER)


def grouped(text: str) -> str:
    """A code or secret in groups of four, to be read and typed."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def recovery_code(text: str) -> str | None:
    """A recovery code as it is stored, however it was typed; None for what cannot be one."""
    code = "".join(char for char in text.upper() if char.isalnum()).translate(_LOOKS_LIKE)
    is_one = len(code) in {RECOVERY_LENGTH, FORMER_RECOVERY_LENGTH} and all(char in RECOVERY_ALPHABET for char in code)
    return code if is_one else None
