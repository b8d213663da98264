"""The column of the board in which somebody stands."""

import pytest

from hms_web.domain.flow import Stage, stage_of
from hms_web.domain.visits import AppointmentStatus as S
from tests.scenes import NOW


@pytest.mark.parametrize(
    ("status", "has_vitals", "stage"),
    [
        (S.SCHEDULED, False, Stage.EXPECTED),
        (S.CONFIRMED, False, Stage.EXPECTED),
        (S.CHECKED_IN, False, Stage.ARRIVED),
        (S.CHECKED_IN, True, Stage.VITALS_DONE),
        (S.IN_PROGRESS, False, Stage.WITH_DOCTOR),
        (S.IN_PROGRESS, True, Stage.WITH_DOCTOR),
        (S.COMPLETED, True, Stage.DONE),
        (S.CANCELLED, False, None),
        (S.NO_SHOW, True, None),
    ],
)
def test_the_stage(status: S, has_vitals: bool, stage: Stage | None) -> None:  # noqa: FBT001
    assert stage_of(status, NOW if has_vitals else None) is stage
