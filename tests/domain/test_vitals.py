"""What a body can do, and what is rare at which age."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hms_web.domain.vitals import (
    BY_NAME,
    READINGS,
    WRONG_WAY_ROUND,
    Readings,
    age_in_years,
    mistakes,
    tidy,
    unusual,
    usual_ranges,
)

STEP = {0: Decimal(1), 1: Decimal("0.1")}


def wrong(readings: Readings, note: str | None = None) -> list[str]:
    return [field for field, sentence in mistakes(readings, note) if sentence is not None]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_the_edges_of_what_is_possible(reading: object) -> None:
    kind = BY_NAME[reading.name]  # type: ignore[attr-defined]
    low, high = kind.possible
    step = STEP[kind.decimals]
    for value, is_possible in ((low, True), (high, True), (low - step, False), (high + step, False)):
        found = wrong(replace(Readings(), **{kind.name: value}))  # type: ignore[arg-type]
        assert found == ([] if is_possible else [kind.api_name]), value


def test_the_sentence_names_the_figures_and_the_unit() -> None:
    ((_, sentence), _) = mistakes(Readings(temperature_c=Decimal(366)), None)
    assert sentence == "Temperature lies between 25 and 45 °C. Check what was typed."


def test_no_reading_is_no_taking() -> None:
    assert wrong(Readings()) == ["readings"]
    assert wrong(Readings(), "x" * 501) == ["readings", "note"]
    assert wrong(Readings(pulse_bpm=70), "calm\nat rest") == []


def test_figures_that_no_number_of_ours_can_hold() -> None:
    assert wrong(tidy(Readings(temperature_c=Decimal("Infinity"), weight_kg=Decimal("1e400")))) == [
        "temperatureC",
        "weightKg",
    ]


def test_the_two_blood_pressures_the_wrong_way_round() -> None:
    for upper, lower, field in ((120, 80, []), (80, 120, ["diastolicMmHg"]), (90, 90, ["diastolicMmHg"])):
        assert wrong(Readings(systolic_mm_hg=upper, diastolic_mm_hg=lower)) == field
    assert wrong(Readings(systolic_mm_hg=60)) == wrong(Readings(diastolic_mm_hg=190)) == []
    assert ("diastolicMmHg", WRONG_WAY_ROUND) in mistakes(Readings(systolic_mm_hg=80, diastolic_mm_hg=81), None)


def test_a_tenth_is_fine_enough() -> None:
    given = Readings(temperature_c=Decimal("36.649"), pulse_bpm=71, height_cm=Decimal("171.25"))
    assert tidy(given) == Readings(temperature_c=Decimal("36.6"), pulse_bpm=71, height_cm=Decimal("171.2"))
    assert [kind.name for kind, _ in given.taken()] == ["temperature_c", "pulse_bpm", "height_cm"]


@pytest.mark.parametrize(
    ("readings", "age", "named"),
    [
        (Readings(temperature_c=Decimal("38.0"), spo2_percent=94), None, []),
        (Readings(temperature_c=Decimal("38.1"), spo2_percent=93), None, ["temperature_c", "spo2_percent"]),
        (Readings(temperature_c=Decimal("35.4")), 3, ["temperature_c"]),
        (Readings(pulse_bpm=140), 0, []),
        (Readings(pulse_bpm=141), 1, ["pulse_bpm"]),
        (Readings(pulse_bpm=140), 11, []),
        (Readings(pulse_bpm=140), 12, ["pulse_bpm"]),
        (Readings(pulse_bpm=120), 17, []),
        (Readings(pulse_bpm=120), 18, ["pulse_bpm"]),
        (Readings(pulse_bpm=120), None, ["pulse_bpm"]),
        (Readings(pulse_bpm=110, systolic_mm_hg=150, diastolic_mm_hg=95, respiratory_rate=22), 90, []),
        (Readings(weight_kg=Decimal(12), height_cm=Decimal(85)), 0, []),
        (Readings(weight_kg=Decimal(12), height_cm=Decimal(85)), 40, ["weight_kg", "height_cm"]),
    ],
)
def test_what_is_unusual_at_which_age(readings: Readings, age: int | None, named: list[str]) -> None:
    assert [item.name for item in unusual(readings, age)] == named


def test_the_warning_says_which_value_to_check() -> None:
    high, low = unusual(Readings(temperature_c=Decimal("39.8"), pulse_bpm=40), 30)
    assert high.sentence == "Temperature 39.8 °C is unusually high: check this value."
    assert low.sentence == "Pulse 40 per min is unusually low: check this value."


@pytest.mark.parametrize("age", [None, 0, 1, 11, 12, 17, 18, 90])
def test_what_is_usual_is_possible(age: int | None) -> None:
    ranges = usual_ranges(age)
    assert set(ranges) == set(BY_NAME)
    for name, (low, high) in ranges.items():
        lowest, highest = BY_NAME[name].possible
        assert lowest <= low < high <= highest, name


def test_birthdays() -> None:
    born = date(2020, 3, 2)
    assert age_in_years(None, date(2026, 3, 2)) is None
    assert [age_in_years(born, date(2026, 3, day)) for day in (1, 2)] == [5, 6]
    assert age_in_years(born, date(2019, 1, 1)) == 0
