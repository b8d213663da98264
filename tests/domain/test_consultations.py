"""Who may do what in a consultation, and what it lacks."""

from uuid import UUID

import pytest

from hms_web.domain.consultations import (
    LONGEST_DIAGNOSIS,
    MOST_DIAGNOSES,
    ParticipantRole,
    Team,
    diagnosis_mistake,
    missing,
    one_line_each,
    text_mistakes,
)

PRIMARY, ASSISTANT, SUPERVISOR, STRANGER = (UUID(int=number) for number in range(1, 5))
TEAM = Team(PRIMARY, {ASSISTANT: ParticipantRole.ASSISTING, SUPERVISOR: ParticipantRole.SUPERVISING})


@pytest.mark.parametrize(
    ("doctor", "may_write", "may_lead"),
    [
        (PRIMARY, True, True),
        (ASSISTANT, True, False),
        (SUPERVISOR, True, True),
        (STRANGER, False, False),
        (None, False, False),
    ],
)
def test_who_writes_and_who_ends(doctor: UUID | None, may_write: bool, may_lead: bool) -> None:  # noqa: FBT001
    assert (TEAM.may_write(doctor), TEAM.may_lead(doctor)) == (may_write, may_lead)


def test_everything_that_is_missing_is_named() -> None:
    assert [field for field, _ in missing(None, [])] == ["chiefComplaint", "diagnosis"]
    assert [field for field, _ in missing("Cough", [])] == ["diagnosis"]
    assert [field for field, _ in missing("", ["J20.9"])] == ["chiefComplaint"]
    assert missing("Cough", ["J20.9 Bronchitis"]) == []
    assert all(sentence.endswith(".") for _, sentence in missing(None, []))


def test_a_diagnosis_a_line() -> None:
    assert one_line_each(" J20.9   Bronchitis \r\n\n\tAsthma\nJ20.9 Bronchitis\n") == ["J20.9 Bronchitis", "Asthma"]
    assert one_line_each(" \n ") == []


def test_what_is_wrong_with_diagnoses() -> None:
    assert diagnosis_mistake([]) is None
    assert diagnosis_mistake(["a" * LONGEST_DIAGNOSIS] * MOST_DIAGNOSES) is None
    assert diagnosis_mistake(["a"] * (MOST_DIAGNOSES + 1)) == "Write at most 30 diagnoses."
    assert diagnosis_mistake(["fine", "a" * (LONGEST_DIAGNOSIS + 1)]) == "Use at most 200 characters."


def test_texts_have_an_end() -> None:
    longest = {"chiefComplaint": 500, "notes": 10_000, "prescription": 5_000}
    assert text_mistakes({name: "x" * size for name, size in longest.items()}) == [(name, None) for name in longest]
    assert text_mistakes({"notes": None}) == [("notes", None)]
    for name, size in longest.items():
        assert text_mistakes({name: "x" * (size + 1)}) == [(name, f"Use at most {size} characters.")]
