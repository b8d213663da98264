"""Codes of an authenticator app, and recovery codes as they are typed."""

from datetime import UTC, datetime

import pytest

from hms_web.domain.second_factor import app_address, grouped, recovery_code, step_of_code

# RFC 6238, appendix B, SHA-1, the last six digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_standard(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert step_of_code(SECRET, code, now=now, last_step=None) == seconds // 30
    assert step_of_code(SECRET, code, now=now, last_step=seconds // 30) is None
    assert step_of_code(SECRET, code, now=datetime.fromtimestamp(seconds + 30, UTC), last_step=None) == seconds // 30
    assert step_of_code(SECRET, code, now=datetime.fromtimestamp(seconds + 90, UTC), last_step=None) is None


def test_an_app_reads_the_address() -> None:
    assert app_address(SECRET, "asha@city.test").startswith("otpauth://totp/Front%20desk:asha%40city.test?secret=GEZD")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ABCD EFGH JKMN PQRS TVWX YZ23 4567", "ABCDEFGHJKMNPQRSTVWXYZ234567"),
        ("ABCD EFGH JKMN PQRS TVWX YZ23 456", None),
        ("ABCD EFGH JKMN PQRS", "ABCDEFGHJKMNPQRS"),
        (" abcd-efgh-jkmn-pqro ", "ABCDEFGHJKMNPQR0"),
        ("ABCDEFGHJKMNPQRI", "ABCDEFGHJKMNPQR1"),
        ("ABCDEFGHJKMNPQRU", None),
        ("ABCDEFGHJKMNPQR", None),
        ("123456", None),
        ("", None),
    ],
)
def test_recovery_codes_as_they_are_typed(typed: str, code: str | None) -> None:
    assert recovery_code(typed) == code


def test_groups_of_four() -> None:
    assert grouped("ABCDEFGHJK") == "ABCD EFGH JK"
