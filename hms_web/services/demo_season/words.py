"""What the demo's visits are about, in general words: no code list, nobody's record, nothing to treat anybody by."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hms_web.domain.vitals import Readings


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why somebody comes, what is found, and what is done about it."""

    words: str
    diagnosis: str
    advice: str


def _complaints(*lines: str) -> Sequence[Complaint]:
    return tuple(Complaint(*(part.strip() for part in line.split("|"))) for line in lines)


COMPLAINTS = {
    "General Medicine": _complaints(
        "Fever and cough for three days | Infection of the upper airways | Rest, fluids, something against fever",
        "Blood pressure check | High blood pressure, under control | Same tablets, come again in a month",
        "Headache in the evenings | Tension headache | Breaks at the screen, something against pain if needed",
        "Tired for weeks | Iron deficiency | Iron tablets for two months, blood test afterwards",
        "Burning in the stomach | Irritated stomach lining | Small meals, tablets before breakfast for four weeks",
        "Sugar check | Diabetes, well controlled | Same tablets, walk every day",
    ),
    "Cardiology": _complaints(
        "Chest tightness when climbing stairs | Narrowed coronary arteries suspected | Stress test arranged",
        "Palpitations at night | Harmless extra beats | Less coffee, recording for a day if they go on",
        "Swollen ankles | Mild heart failure | Water tablets, weigh every morning",
        "Check after a stent | Coronary heart disease, stable | Same tablets, come again in six months",
    ),
    "Paediatrics": _complaints(
        "Fever since last night | Virus infection | Fluids, something against fever, come again if it lasts",
        "Vaccination | Vaccination as planned | Next one in two months",
        "Cough at night | Bronchitis | Inhaling, fluids",
        "Ear ache | Middle ear infection | Drops, come again in three days",
        "Rash on the arms | Eczema | Cream twice a day",
        "Growth check | Growing as expected | Nothing needed",
    ),
    "Orthopaedics": _complaints(
        "Knee pain when walking | Worn knee joint | Exercises, something against pain on bad days",
        "Back pain since lifting a box | Strained back | Keep moving, warmth, exercises",
        "Shoulder stiff for weeks | Frozen shoulder | Physiotherapy twice a week",
        "Twisted ankle | Sprained ankle | Bandage, rest, no sport for three weeks",
        "Check after a cast | Broken wrist, healing well | Exercises for the hand",
    ),
}

CANCEL_REASONS = (
    "Patient called",
    "Feels better",
    "Cannot get off work",
    "Travelling",
    "Ill at home",
    "Goes elsewhere",
)
LEFT_REASON = "Left without being seen"
LATE_NOTES = ("Stuck in traffic", "Came late, doctor agrees to see them", "Waited at the wrong desk")
CALLED_NOTE = "Called: will not come"
CHILD = 16
"""Below this age in years somebody is seen by paediatricians, from it on by the others."""


def readings(dice: random.Random, age: int) -> Readings:
    """Return what a nurse may have measured of somebody of that age in years."""
    height = _tenths(dice.gauss(165, 8)) if age >= CHILD else _tenths(55 + age * 7 + dice.gauss(0, 3))
    weight = _tenths(max(dice.gauss(67, 12), 38)) if age >= CHILD else _tenths(max(4 + age * 2.6 + dice.gauss(0, 1), 3))
    upper = round(dice.gauss(108 + min(age, 80) * 0.3, 9)) if age >= CHILD else 90 + age
    return Readings(
        temperature_c=_tenths(dice.choice((36.4, 36.6, 36.7, 36.9, 37.1, 37.3, 38.2))),
        pulse_bpm=round(dice.gauss(74, 8)) if age >= CHILD else round(125 - age * 3 + dice.gauss(0, 4)),
        systolic_mm_hg=upper,
        diastolic_mm_hg=round(upper * 0.63),
        respiratory_rate=dice.randrange(13, 19) if age >= CHILD else max(18, 34 - age),
        spo2_percent=dice.choice((96, 97, 98, 98, 99)),
        weight_kg=weight,
        height_cm=height if dice.random() < 0.5 else None,  # noqa: PLR2004 not measured every time
    )


def _tenths(figure: float) -> Decimal:
    return Decimal(str(round(figure, 1)))
