"""docs/security.md answers each requirement of levels 1 and 2 of OWASP ASVS 5.0.0 once, in the standard's order."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
# How many requirements of levels 1 and 2 each section has; they are its first ones.
# fmt: off
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}
# fmt: on
OF_LEVELS_1_AND_2 = 253


def test_each_requirement_is_answered_once_in_its_chapter() -> None:
    asked = [f"{section}.{number + 1}" for section, count in SECTIONS.items() for number in range(count)]
    assert len(asked) == OF_LEVELS_1_AND_2
    chapter, answered = "", []
    for line in PAGE.read_text().splitlines():
        if title := re.match(r"## (?:V(\d+) )?", line):
            chapter = title[1]
        elif row := re.match(r"\| (\d+)(\.\d+\.\d+) \|", line):
            assert row[1] == chapter, line
            answered.append(row[1] + row[2])
    assert answered == asked
