"""Every refusal has a sentence that can be filled."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hms_web.domain.consultations import missing
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refusal
from hms_web.services.wording import SENTENCES, TITLES, Voice, sentence, status_of

FACTS: dict[Code, dict[str, object]] = {
    Code.PATIENT_BLOCKED: {"reason": "3 no-shows"},
    Code.PATIENT_DOUBLE_BOOKED: {"starts_at": datetime(2026, 3, 2, 4, 30, tzinfo=UTC)},
    Code.BEYOND_BOOKING_WINDOW: {"last_day": date(2026, 4, 1)},
    Code.HOSPITAL_HOLIDAY: {"name": "Holi"},
    Code.DOCTOR_ABSENT: {"last_day": date(2026, 12, 3), "end_time": None},
    Code.OUTSIDE_SCHEDULE: {"start_time": time(9), "end_time": time(17)},
    Code.DURING_BREAK: {"break_end": time(14)},
    Code.SLOT_HELD: {"name": "Reception 2", "until": datetime(2026, 3, 2, 4, 30, tzinfo=UTC)},
    Code.DOCTOR_FULLY_BOOKED: {"maximum": 30},
    Code.INVALID_TRANSITION: {"from": "COMPLETED", "to": "CHECKED_IN"},
    Code.RUN_FAILED: {"error": "ValueError"},
    Code.MORE_CONCERNED: {"count": 2},
    Code.ALREADY_PARTICIPANT: {"name": "Dr. Mehta"},
    Code.CONSULTATION_INCOMPLETE: {"missing": [("diagnosis", "Write down at least one diagnosis.")]},
}


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_title_a_status_and_a_sentence(code: Code) -> None:
    words = sentence(Refusal(code, FACTS.get(code, {})), ZoneInfo("Asia/Kolkata"))
    assert words.endswith(".")
    assert len(re.findall(r"[.:;]( |$)", words)) > 1, "it names the rule, and what to do next"
    assert "{" not in words
    assert TITLES[code]
    assert code in SENTENCES
    assert status_of(code) in {401, 403, 404, 409, 422, 503}


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(Code.PATIENT_DOUBLE_BOOKED, FACTS[Code.PATIENT_DOUBLE_BOOKED]), "at 10:00 on Monday 2 March 2026"),
        (Refusal(Code.DOCTOR_ABSENT, FACTS[Code.DOCTOR_ABSENT]), "on leave until Thursday 3 December 2026."),
        (Refusal(Code.OUTSIDE_SCHEDULE), "does not work at that time. "),
        (Refusal(Code.OUTSIDE_SCHEDULE, FACTS[Code.OUTSIDE_SCHEDULE]), "at that time (09:00 to 17:00)."),
        (Refusal(Code.SLOT_BLOCKED, {"reason": "MRI"}), "closed (MRI)."),
        (Refusal(Code.SLOT_BLOCKED, {"reason": None}), "closed."),
        (
            Refusal(Code.INVALID_TRANSITION, {"from": "SCHEDULED", "to": "CHECKED_IN", "day": date(2026, 3, 3)}),
            "this one is on Tuesday 3 March 2026. Move it to today",
        ),
        (
            Refusal(Code.INVALID_TRANSITION, {"from": "CHECKED_IN", "vitals": True, "day": date(2026, 3, 3)}),
            "this appointment is CHECKED_IN, on Tuesday 3 March 2026.",
        ),
        (Refusal(Code.INVALID_TRANSITION, {"from": "SCHEDULED", "vitals": True}), "this appointment is SCHEDULED."),
        (
            Refusal(Code.INVALID_TRANSITION, {"from": "COMPLETED", "consultation": True}),
            "This consultation is COMPLETED; it can no longer be changed.",
        ),
        (
            Refusal(Code.CONSULTATION_INCOMPLETE, FACTS[Code.CONSULTATION_INCOMPLETE]),
            "not complete yet. Write down at least one diagnosis.",
        ),
        (Refusal(Code.STALE_VERSION, {"by": "Rosa Diaz"}), "Rosa Diaz has changed this meanwhile."),
        (Refusal(Code.INVALID_TRANSITION, {"from": "RESOLVED", "alert": True}), "This alert is over already."),
        (Refusal(Code.INVALID_TRANSITION, {"from": "ACKNOWLEDGED", "alert": True}), "taken this alert on already."),
    ],
)
def test_a_sentence_names_the_facts(refusal: Refusal, words: str) -> None:
    assert words in sentence(refusal, ZoneInfo("Asia/Kolkata"))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.PATIENT_NOT_FOUND, 404),
        (Code.PATIENT_BLOCKED, 403),
        (Code.PATIENT_DOUBLE_BOOKED, 409),
        (Code.DOCTOR_NOT_FOUND, 404),
        (Code.DOCTOR_UNAVAILABLE, 409),
        (Code.DOCTOR_INACTIVE, 409),
        (Code.DATE_IN_PAST, 422),
        (Code.BEYOND_BOOKING_WINDOW, 422),
        (Code.HOSPITAL_HOLIDAY, 409),
        (Code.DOCTOR_ABSENT, 409),
        (Code.OUTSIDE_SCHEDULE, 422),
        (Code.DURING_BREAK, 422),
        (Code.NOT_A_SLOT, 422),
        (Code.SLOT_TAKEN, 409),
        (Code.SLOT_BLOCKED, 409),
        (Code.SLOT_HELD, 409),
        (Code.DOCTOR_FULLY_BOOKED, 409),
    ],
)
def test_the_statuses_of_a_booking(code: Code, status: int) -> None:
    assert status_of(code) == status


def test_an_appointment_that_is_over_is_not_moved() -> None:
    said = sentence(Refusal(Code.INVALID_TRANSITION, {"from": "CANCELLED"}), UTC)
    assert said == "An appointment that is CANCELLED cannot be moved. Look at it as it is now, or book a new one."


def test_a_voice_says_a_refusal_in_its_own_language_and_writes_dates_as_that_does() -> None:
    words = {
        "This doctor does not work at that time{hours}. Choose a time inside the hours.": "nahin{hours}",
        " ({start_time} to {end_time})": " ({start_time} se {end_time})",
        SENTENCES[Code.PATIENT_DOUBLE_BOOKED]: "{starts_at}!",
        "{time} on {day}": "{day} ko {time} baje",
        "This consultation is not complete yet. {lacking}": "adhura: {lacking}",
        "Write down at least one diagnosis.": "nidan likhen",
    }
    voice = Voice(lambda text: words.get(text, text), lambda day: f"{day:%d.%m.}")
    lacking = Refusal(Code.CONSULTATION_INCOMPLETE, {"missing": missing("cough", [])})
    assert sentence(Refusal(Code.OUTSIDE_SCHEDULE, FACTS[Code.OUTSIDE_SCHEDULE]), UTC, voice=voice) == (
        "nahin (09:00 se 17:00)"
    )
    overlaps = Refusal(Code.PATIENT_DOUBLE_BOOKED, FACTS[Code.PATIENT_DOUBLE_BOOKED])
    assert sentence(overlaps, UTC, voice=voice) == "02.03. ko 04:30 baje!"
    assert sentence(lacking, UTC, voice=voice) == "adhura: nidan likhen"


def test_a_voice_translates_the_words_inside_a_sentence_and_leaves_what_somebody_typed() -> None:
    words = {"Pulse": "Nadi", "%(reading)s of %(name)s": "%(name)s: %(reading)s"}
    voice = Voice(lambda text: words.get(text, text))
    assert voice.say(phrase("%(reading)s of %(name)s", reading=phrase("Pulse"), name="Pulse")) == "Pulse: Nadi"
    assert voice.say("Pulse") == "Pulse"
