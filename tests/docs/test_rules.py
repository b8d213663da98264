"""docs/rules.md says what the code does."""

import re
from pathlib import Path

from hms_web.domain.booking import CHECKS
from hms_web.domain.refusals import Code
from hms_web.services.wording import status_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| `(\w+)` \| `(\w+)` \| (\d+) \|$", PAGE, re.MULTILINE)


def test_the_fourteen_checks_stand_in_their_order() -> None:
    listed = dict.fromkeys((int(number), name) for number, name, _, _ in ROWS)
    assert list(listed) == [(number, check.__name__) for number, check in enumerate(CHECKS, start=1)]


def test_each_code_of_a_booking_has_its_status() -> None:
    codes = list(Code)
    assert [code for _, _, code, _ in ROWS] == codes[: codes.index(Code.DOCTOR_FULLY_BOOKED) + 1]
    assert all(status_of(Code(code)) == int(status) for _, _, code, status in ROWS)


def test_every_module_that_is_named_is_there() -> None:
    named = re.findall(r"`(?:hms_web/)?((?:domain|services)/\w+\.py)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / "hms_web" / name).is_file()] == []
