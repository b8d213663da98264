"""Readings of a patient before the doctor sees them: plausible ranges and units (product.md, Screens; api.md).

What no living person's body does is refused, since it can only be a slip. What is merely rare for somebody of that age
is taken, with a word to check it: it is what a nurse measures for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from hms_web.domain.phrases import phrase
from hms_web.domain.validation import note_mistake
from hms_web.domain.visits import AppointmentStatus

Number = Decimal | int
Range = tuple[Number, Number]

LONGEST_NOTE = 500
WRONG_WAY_ROUND = phrase("The diastolic pressure is below the systolic one. Are the two the wrong way round?")

TAKEN_IN = frozenset({AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_PROGRESS})
"""Statuses of people who are here, whose vitals can be taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One kind of reading: how it is called, its unit, how finely it is written, and what a body can do at all."""

    name: str
    api_name: str
    words: str
    unit: str
    possible: Range
    decimals: int = 0


READINGS = (
    Reading("temperature_c", "temperatureC", phrase("Temperature"), "°C", (25, 45), 1),
    Reading("pulse_bpm", "pulseBpm", phrase("Pulse"), phrase("per min"), (20, 300)),
    Reading("systolic_mm_hg", "systolicMmHg", phrase("Systolic pressure"), "mmHg", (40, 300)),
    Reading("diastolic_mm_hg", "diastolicMmHg", phrase("Diastolic pressure"), "mmHg", (10, 200)),
    Reading("respiratory_rate", "respiratoryRate", phrase("Breaths"), phrase("per min"), (3, 100)),
    Reading("spo2_percent", "spo2Percent", phrase("Oxygen saturation"), "%", (30, 100)),
    Reading("weight_kg", "weightKg", phrase("Weight"), "kg", (Decimal("0.3"), 500), 1),
    Reading("height_cm", "heightCm", phrase("Height"), "cm", (20, 260), 1),
)
# Above every figure that a body can have; larger numbers are refused as they are.
_ANY_BODY = 1000
BY_NAME = MappingProxyType({reading.name: reading for reading in READINGS})


@dataclass(frozen=True, slots=True)
class Readings:
    """The figures of one taking, each in the unit of its name; None was not measured."""

    temperature_c: Decimal | None = None
    pulse_bpm: int | None = None
    systolic_mm_hg: int | None = None
    diastolic_mm_hg: int | None = None
    respiratory_rate: int | None = None
    spo2_percent: int | None = None
    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None

    def taken(self) -> Iterator[tuple[Reading, Number]]:
        """Yield each reading that was measured, with its figure."""
        for name, value in asdict(self).items():
            if value is not None:
                yield BY_NAME[name], value


@dataclass(frozen=True, slots=True)
class Unusual:
    """A reading that is rare for somebody of that age, and the sentence that says so."""

    name: str
    sentence: str


# What is usual, from how many years of age on; the last line that is reached counts. The figures are wide on purpose:
# a warning that comes with every third patient is read by nobody.
_ALWAYS: Mapping[str, Range] = {"temperature_c": (Decimal("35.5"), 38), "spo2_percent": (94, 100)}
_BY_AGE: tuple[tuple[int, Mapping[str, Range]], ...] = (
    (
        0,
        {
            "pulse_bpm": (90, 180),
            "systolic_mm_hg": (60, 110),
            "diastolic_mm_hg": (30, 70),
            "respiratory_rate": (25, 60),
            "weight_kg": (2, 13),
            "height_cm": (40, 85),
        },
    ),
    (
        1,
        {
            "pulse_bpm": (70, 140),
            "systolic_mm_hg": (75, 120),
            "diastolic_mm_hg": (40, 80),
            "respiratory_rate": (16, 40),
            "weight_kg": (7, 70),
            "height_cm": (65, 165),
        },
    ),
    (
        12,
        {
            "pulse_bpm": (50, 120),
            "systolic_mm_hg": (90, 140),
            "diastolic_mm_hg": (50, 90),
            "respiratory_rate": (12, 24),
            "weight_kg": (30, 120),
            "height_cm": (130, 205),
        },
    ),
    (
        18,
        {
            "pulse_bpm": (50, 110),
            "systolic_mm_hg": (90, 150),
            "diastolic_mm_hg": (50, 95),
            "respiratory_rate": (10, 22),
            "weight_kg": (35, 160),
            "height_cm": (140, 205),
        },
    ),
)


def age_in_years(born: date | None, today: date) -> int | None:
    """Return how many birthdays somebody has had; None where the birth date is not known."""
    if born is None:
        return None
    return max(0, today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def usual_ranges(age: int | None) -> dict[str, Range]:
    """Return what is usual for somebody of that age in years, by the reading's name; of unknown age, for an adult."""
    reached = [figures for since, figures in _BY_AGE if age is None or since <= age]
    return dict(_ALWAYS) | dict(reached[-1])


def tidy(readings: Readings) -> Readings:
    """Return readings as finely as they are written down: a tenth of a degree, a kilogram or a centimetre."""
    fine = {
        reading.name: round(value, reading.decimals)
        for reading, value in readings.taken()
        if isinstance(value, Decimal) and abs(value) < _ANY_BODY
    }
    return Readings(**(asdict(readings) | fine))


def mistakes(readings: Readings, note: str | None) -> list[tuple[str, str | None]]:
    """Return what is wrong with a taking: pairs of field, as the JSON API names it, and sentence or None."""
    wrong = [(reading.api_name, _impossible(reading, value)) for reading, value in readings.taken()]
    if not wrong:
        wrong = [("readings", phrase("Write down at least one reading."))]
    upper, lower = readings.systolic_mm_hg, readings.diastolic_mm_hg
    if upper is not None and lower is not None and lower >= upper:
        wrong.append(("diastolicMmHg", WRONG_WAY_ROUND))
    return [*wrong, ("note", note_mistake(note, LONGEST_NOTE))]


def _impossible(reading: Reading, value: Number) -> str | None:
    low, high = reading.possible
    if low <= value <= high:
        return None
    return phrase(
        "%(reading)s lies between %(low)s and %(high)s %(unit)s. Check what was typed.",
        reading=reading.words,
        low=low,
        high=high,
        unit=reading.unit,
    )


def _asks_to_check(reading: Reading, value: Number, *, is_low: bool) -> str:
    said = {"reading": reading.words, "value": value, "unit": reading.unit}
    if is_low:
        return phrase("%(reading)s %(value)s %(unit)s is unusually low: check this value.", **said)
    return phrase("%(reading)s %(value)s %(unit)s is unusually high: check this value.", **said)


def unusual(readings: Readings, age: int | None) -> tuple[Unusual, ...]:
    """Return the readings that are rare at that age in years, each with the sentence that asks to check it."""
    usual = usual_ranges(age)
    found = []
    for reading, value in readings.taken():
        low, high = usual[reading.name]
        if not low <= value <= high:
            found.append(Unusual(reading.name, _asks_to_check(reading, value, is_low=value < low)))
    return tuple(found)
