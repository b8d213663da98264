"""What people read when a rule refuses: one sentence a code, that names the rule and what to do next.

The sentences are templates so that a page can translate them before they are filled. The JSON API and the command line
say them in English.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from hms_web.domain.phrases import Phrase, phrase
from hms_web.domain.refusals import Code, Refusal

SENTENCES: dict[Code, str] = {
    Code.PATIENT_NOT_FOUND: phrase("There is no such patient in this hospital. Search again, or add the patient."),
    Code.PATIENT_BLOCKED: phrase(
        "This patient is blocked from booking ({reason}). "
        "An administrator can unblock them, or book with a written reason."
    ),
    Code.PATIENT_DOUBLE_BOOKED: phrase(
        "This patient already has an appointment that overlaps, at {starts_at}. Choose another time, or move that one."
    ),
    Code.DOCTOR_NOT_FOUND: phrase("There is no such doctor in this hospital. Choose one from the list."),
    Code.DOCTOR_UNAVAILABLE: phrase("This doctor does not accept appointments at present. Choose another doctor."),
    Code.DOCTOR_INACTIVE: phrase("This doctor's account is not active. Choose another doctor."),
    Code.DATE_IN_PAST: phrase("That time has already begun. Choose a later one."),
    Code.BEYOND_BOOKING_WINDOW: phrase("Appointments can be booked up to {last_day}. Choose an earlier day."),
    Code.HOSPITAL_HOLIDAY: phrase("The hospital is closed that day ({name}). Choose another day."),
    Code.DOCTOR_ABSENT: phrase("This doctor is on leave until {until}. Choose another time or doctor."),
    Code.OUTSIDE_SCHEDULE: phrase("This doctor does not work at that time{hours}. Choose a time inside the hours."),
    Code.DURING_BREAK: phrase("This doctor has a break until {break_end}. Choose a time after it."),
    Code.NOT_A_SLOT: phrase("None of this doctor's slots begins at that time. Choose one of the slots shown."),
    Code.SLOT_TAKEN: phrase("This slot was just taken. Choose another one."),
    Code.SLOT_BLOCKED: phrase("This slot is closed{because}. Choose another one."),
    Code.SLOT_HELD: phrase("{name} is booking this slot right now. Choose another one, or try again in two minutes."),
    Code.DOCTOR_FULLY_BOOKED: phrase("This doctor's day is full ({maximum} patients). Choose another day or doctor."),
    Code.APPOINTMENT_NOT_FOUND: phrase("There is no such appointment in this hospital. Search for it again."),
    Code.SLOT_NOT_FOUND: phrase("This slot no longer exists: the doctor's hours have changed. Look at the day again."),
    Code.ABSENCE_NOT_FOUND: phrase("There is no such leave, or it was cancelled. Look at the doctor's leave again."),
    Code.HOLIDAY_NOT_FOUND: phrase("There is no such holiday. Look at the list again."),
    Code.USER_NOT_FOUND: phrase("There is no such user in this hospital. Look at the list again."),
    Code.NOTIFICATION_NOT_FOUND: phrase("There is no such notification. Look at your inbox again."),
    Code.MESSAGE_NOT_REPEATABLE: phrase(
        "This message cannot be sent again: it is waiting to be sent anyway, or what it says is not true any more. "
        "Look at the list as it is now."
    ),
    Code.INVALID_TRANSITION: phrase("An appointment that is {from} cannot become {to}. Look at it as it is now."),
    Code.STALE_VERSION: phrase(
        "Somebody else has changed this meanwhile. Look at it as it is now, and change it again if it is still needed."
    ),
    Code.NOT_AFFECTED: phrase("This appointment needs no attention any more. Look at it as it is now."),
    Code.PLAN_NOT_FOUND: phrase(
        "There is no such plan in this hospital. Look at the appointments that need attention again."
    ),
    Code.STAYS_CANCELLED: phrase(
        "A cancellation cannot be taken back: the patient is told of it. Book a new appointment."
    ),
    Code.HOSPITALS_DOING: phrase(
        "The hospital itself put this appointment in question, so it never counts against the patient. "
        "Move, keep or cancel it from the affected list."
    ),
    Code.NOT_ON_REVIEW: phrase(
        "Nobody is asked any more whether this patient came. Look at the appointment as it is now."
    ),
    Code.ALERT_NOT_FOUND: phrase("There is no such alert. Look at the board as it is now."),
    Code.SLOT_BOOKED: phrase("A patient is booked into this slot. Move or cancel the appointment first."),
    Code.ABSENCE_OVERLAP: phrase(
        "There is already an absence of this doctor in that time. Change or cancel that one first."
    ),
    Code.MORE_CONCERNED: phrase(
        "Nothing was saved: {count} more than were shown are concerned by now. Look at them, then save again."
    ),
    Code.MRN_TAKEN: phrase(
        "Another patient of this hospital has that number. Search for it, or leave the number empty for the next one."
    ),
    Code.EMAIL_TAKEN: phrase(
        "There is already a user with this e-mail address. Use another one, or look for that user."
    ),
    Code.HOLIDAY_EXISTS: phrase("That day is already a holiday. Choose another day, or change that holiday."),
    Code.IDEMPOTENCY_KEY_REUSED: phrase(
        "This request was sent before with other contents. Send it again with a new key."
    ),
    Code.WRONG_CREDENTIALS: phrase(
        "The e-mail address or the password is not right. Try again, or ask an administrator for a new link."
    ),
    Code.WRONG_CODE: phrase("This code is not right, too old, or used already. Wait for the next one and type that."),
    Code.SECOND_FACTOR_NEEDED: phrase(
        "This account has a second factor: send the present code of its app as `otp` too."
    ),
    Code.SECOND_FACTOR_TO_SET_UP: phrase(
        "Administrators of this hospital need a second factor. Sign in on the page and set one up first."
    ),
    Code.SECOND_FACTOR_EXISTS: phrase("There is a second factor already. Remove it before you set up another one."),
    Code.SECOND_FACTOR_KEPT: phrase(
        "This hospital asks its administrators for a second factor, so it cannot be removed. "
        "Another administrator can reset it for you."
    ),
    Code.LINK_EXPIRED: phrase("This link has been used or is too old. Ask an administrator for a new one."),
    Code.LAST_ADMIN: phrase("This is the hospital's last administrator. Make somebody else one first."),
    Code.FORBIDDEN: phrase("You are not allowed to do this. Ask the doctor whose it is, or an administrator."),
    Code.CONSULTATION_NOT_FOUND: phrase("There is no such consultation in this hospital. Look at your day again."),
    Code.PARTICIPANT_NOT_FOUND: phrase("That doctor does not take part in this consultation. Look at who does now."),
    Code.CONSULTATION_INCOMPLETE: phrase("This consultation is not complete yet. {lacking}"),
    Code.ALREADY_PARTICIPANT: phrase("{name} takes part in this consultation already. Choose somebody else."),
    Code.WRONG_API_KEY: phrase(
        "The header x-cron-api-key is missing or holds no key that is valid. "
        "Send one of CRON_API_KEY, or of `hms jobs key create`."
    ),
    Code.NOT_CONFIGURED: phrase("No key is configured: set CRON_API_KEY, or make one with `hms jobs key create`."),
    Code.RUN_FAILED: phrase(
        "The check did not end well ({error}). What it had finished is kept, and the next one goes on."
    ),
}

TITLES: dict[Code, str] = {code: code.replace("_", " ").capitalize() for code in Code} | {
    Code.NOT_A_SLOT: "Not a slot",
    Code.HOSPITALS_DOING: "The hospital's own doing",
    Code.MRN_TAKEN: "Patient number taken",
    Code.DATE_IN_PAST: "In the past",
}

_NOT_FOUND = 404
_FORBIDDEN = 403
_UNPROCESSABLE = 422
_STATUS: dict[Code, int] = {
    Code.PATIENT_BLOCKED: _FORBIDDEN,
    Code.FORBIDDEN: _FORBIDDEN,
    Code.WRONG_CREDENTIALS: 401,
    Code.WRONG_CODE: 401,
    Code.SECOND_FACTOR_NEEDED: 401,
    Code.SECOND_FACTOR_TO_SET_UP: _FORBIDDEN,
    Code.WRONG_API_KEY: 401,
    Code.NOT_CONFIGURED: 503,
    Code.RUN_FAILED: 503,
    Code.DATE_IN_PAST: _UNPROCESSABLE,
    Code.BEYOND_BOOKING_WINDOW: _UNPROCESSABLE,
    Code.OUTSIDE_SCHEDULE: _UNPROCESSABLE,
    Code.DURING_BREAK: _UNPROCESSABLE,
    Code.NOT_A_SLOT: _UNPROCESSABLE,
    Code.IDEMPOTENCY_KEY_REUSED: _UNPROCESSABLE,
    Code.LINK_EXPIRED: _UNPROCESSABLE,
    Code.CONSULTATION_INCOMPLETE: _UNPROCESSABLE,
}


def status_of(code: Code) -> int:
    """Return the HTTP status of a refusal (api.md): 404 for what does not exist, 409 for what stands in the way now."""
    if code.endswith("_NOT_FOUND"):
        return _NOT_FOUND
    return _STATUS.get(code, 409)


def _unchanged(text: str) -> str:
    return text


def _english_date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


@dataclass(frozen=True, slots=True)
class Voice:
    """How a reader's language says it: a template in that language, and a date as it is written there."""

    translate: Callable[[str], str] = _unchanged
    write_date: Callable[[date], str] = _english_date

    def say(self, words: str) -> str:
        """Return a sentence of the rules in that language; other words stay as they are."""
        if not isinstance(words, Phrase):
            return words
        said = {name: self.say(value) if isinstance(value, str) else value for name, value in words.values.items()}
        template = self.translate(words.template)
        return template % said if said else template


ENGLISH = Voice()

# An INVALID_TRANSITION that names no status to become was a move.
NOT_MOVED = phrase("An appointment that is {from} cannot be moved. Look at it as it is now, or book a new one.")
NOT_TODAY = phrase(
    "Check-in is for today's appointments, and this one is on {day}. "
    "Move it to today, or check the patient in on its day."
)
# Where it is known who was quicker.
STALE_BY = phrase(
    "{by} has changed this meanwhile. Look at it as it is now, and change it again if it is still needed."
)
# Others were about what is only done for people who are here, or in a consultation that still goes on.
NO_VITALS_NOW = phrase(
    "Vitals are taken of people who are checked in today; this appointment is {from}{on}. Look at it as it is now."
)
ALERT_TAKEN = phrase("Somebody has taken this alert on already. Look at the board as it is now.")
ALERT_OVER = phrase("This alert is over already. Look at the board as it is now.")
NO_SHOW_OVER = phrase(
    "That day ({day}) is over, and nobody can check in for it any more. An administrator can take the no-show out of "
    "the patient's count."
)
EXCUSED_BEFORE = phrase("This no-show was taken back before and does not count any more. Nothing is left to be done.")
CONSULTATION_OVER = phrase("This consultation is {from}; it can no longer be changed. Look at it as it is now.")
# Parts of the sentences above, each with what stands before it.
HOURS = phrase(" ({start_time} to {end_time})")
ON_DAY = phrase(", on {day}")
AT = phrase("{time} on {day}")


def sentence(refusal: Refusal, zone: tzinfo, *, voice: Voice = ENGLISH) -> str:
    """Return the sentence of a refusal, its times in the hospital's zone."""
    facts = {name: _words(value, zone, voice) for name, value in refusal.facts.items()}
    facts.setdefault("reason", "")
    until = " ".join(facts[name] for name in ("last_day", "end_time") if facts.get(name))
    hours = voice.translate(HOURS).format(**facts) if "start_time" in facts else ""
    because = f" ({facts['reason']})" if facts["reason"] else ""
    on = voice.translate(ON_DAY).format(day=facts["day"]) if "day" in facts else ""
    lacking = " ".join(voice.say(words) for _, words in refusal.facts.get("missing", ()))  # type: ignore[attr-defined]
    more = {"until": until, "hours": hours, "because": because, "on": on, "lacking": lacking}
    return voice.translate(_template(refusal.code, facts)).format(**{**facts, **more})


# What an INVALID_TRANSITION was about, by the fact that says so.
ABOUT = {
    "no_show": NO_SHOW_OVER,
    "vitals": NO_VITALS_NOW,
    "excused": EXCUSED_BEFORE,
    "consultation": CONSULTATION_OVER,
}


def _template(code: Code, facts: Mapping[str, str]) -> str:
    if code is Code.STALE_VERSION and facts.get("by"):
        return STALE_BY
    if code is not Code.INVALID_TRANSITION or ("to" in facts and "no_show" not in facts):
        return NOT_TODAY if code is Code.INVALID_TRANSITION and "day" in facts else SENTENCES[code]
    if "alert" in facts:
        return ALERT_OVER if facts["from"] == "RESOLVED" else ALERT_TAKEN
    return next((words for about, words in ABOUT.items() if about in facts), NOT_MOVED)


def _words(value: object, zone: tzinfo, voice: Voice) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return voice.translate(AT).format(time=f"{local:%H:%M}", day=voice.write_date(local.date()))
    if isinstance(value, date):
        return voice.write_date(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return voice.say(value) if isinstance(value, str) else str(value)
