"""A refusal as a page says it."""

from hms_web.domain.consultations import ConsultationStatus
from hms_web.domain.refusals import Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import wording
from hms_web.web import auth, formats, language
from hms_web.web.stored import stored


def sentence(refusal: Refusal) -> str:
    """Return the rule and what to do next, in the words of the pages and the language of the request."""
    facts = {name: _fact(name, value) for name, value in refusal.facts.items()}
    return wording.sentence(Refusal(refusal.code, facts), auth.actor().zone, voice=language.VOICE)


def _fact(name: str, value: object) -> object:
    if isinstance(value, AppointmentStatus):
        return formats.status_name(value)
    if isinstance(value, ConsultationStatus):
        return formats.words(value).lower()
    return stored(value) if name == "reason" and isinstance(value, str) else value


def status(refusal: Refusal) -> int:
    """Return the HTTP status that goes with it."""
    return wording.status_of(refusal.code)
