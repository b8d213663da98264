"""What a doctor's record may say."""

import pytest

from hms_web.domain.doctors import department_mistake, duration_mistake, maximum_mistake


@pytest.mark.parametrize(("minutes", "wrong"), [(4, True), (5, False), (240, False), (241, True)])
def test_slots_last_5_to_240_minutes(minutes: int, wrong: bool) -> None:  # noqa: FBT001
    assert (duration_mistake(minutes) is not None) is wrong


@pytest.mark.parametrize(("patients", "wrong"), [(0, True), (1, False), (500, False), (501, True)])
def test_a_day_has_1_to_500_patients(patients: int, wrong: bool) -> None:  # noqa: FBT001
    assert (maximum_mistake(patients) is not None) is wrong


def test_a_department_is_a_line_of_at_most_80_characters() -> None:
    assert department_mistake("x" * 80) is None
    assert department_mistake("x" * 81)
    assert department_mistake("")
