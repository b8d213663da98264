"""A refusal as a page says it."""

from hms_web.domain.refusals import Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.services import wording
from hms_web.web import auth, formats
from hms_web.web.language import gettext


def sentence(refusal: Refusal) -> str:
    """Return the rule and what to do next, in the words of the pages."""
    facts = {
        name: formats.status_name(value) if isinstance(value, AppointmentStatus) else value
        for name, value in refusal.facts.items()
    }
    return wording.sentence(Refusal(refusal.code, facts), auth.actor().zone, translate=gettext)


def status(refusal: Refusal) -> int:
    """Return the HTTP status that goes with it."""
    return wording.status_of(refusal.code)
