"""How pages speak of messages: what each reports, why one was not sent, and what to do about it."""

from flask import Flask
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from hms_web.domain.delivery import Reason
from hms_web.domain.messages import PROVIDER_TEST, Language, MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.web.formats import delivery_name, delivery_tone
from hms_web.web.language import gettext

EVENTS: dict[str, LazyString] = {
    MessageEvent.BOOKED: lazy_gettext("Booked"),
    MessageEvent.RESCHEDULED: lazy_gettext("Moved"),
    MessageEvent.CANCELLED: lazy_gettext("Cancelled"),
    MessageEvent.AFFECTED_BY_ABSENCE: lazy_gettext("Doctor away"),
    MessageEvent.CANCELLED_BY_EMERGENCY: lazy_gettext("Cancelled: emergency"),
    MessageEvent.NEEDS_RESCHEDULING: lazy_gettext("Needs another time"),
    MessageEvent.DOCTOR_UNAVAILABLE: lazy_gettext("Cancelled: doctor unavailable"),
    MessageEvent.AFFECTED_BY_HOLIDAY: lazy_gettext("Hospital closed"),
    MessageEvent.KEPT: lazy_gettext("Stays as it is"),
    MessageEvent.NO_SHOW: lazy_gettext("Missed"),
    MessageEvent.NO_SHOW_BLOCKED: lazy_gettext("Missed, booking at the desk"),
    MessageEvent.NOT_COMING: lazy_gettext("Not coming"),
    MessageEvent.NOT_COMING_BLOCKED: lazy_gettext("Not coming, booking at the desk"),
}
OTHER_EVENTS = {PROVIDER_TEST: lazy_gettext("Test of a provider")}

LANGUAGES = {Language.ENGLISH: lazy_gettext("English"), Language.HINDI: lazy_gettext("Hindi")}

REASONS: dict[str, LazyString] = {
    Reason.NO_PHONE: lazy_gettext("The patient has no phone number. Add it to the record, then send it again."),
    Reason.NO_EMAIL: lazy_gettext("There is no e-mail address any more."),
    Reason.BAD_ADDRESS: lazy_gettext("The provider cannot send to this number or address. Check it in the record."),
    Reason.TOO_OLD: lazy_gettext("It could not be sent while it was of use."),
    Reason.REFUSED: lazy_gettext("The provider refused it."),
    Reason.NO_PROVIDER: lazy_gettext("No provider is set for this channel."),
    Reason.UNREADABLE_PROVIDER: lazy_gettext("The provider's address cannot be read any more. It has to be set again."),
    Reason.INSIDE_NETWORK: lazy_gettext(
        "The provider's address leads inside the network and was not called. It has to be set again, or allowed."
    ),
    Reason.BAD_PROVIDER: lazy_gettext("The provider's address is none that can be used. It has to be set again."),
    Reason.WRONG_CREDENTIALS: lazy_gettext("The provider does not accept its address or credentials."),
    Reason.BUSY: lazy_gettext("The provider asks to wait."),
    Reason.BROKEN: lazy_gettext("The provider is out of order."),
    Reason.UNREACHABLE: lazy_gettext("The provider did not answer."),
    Reason.MOVED: lazy_gettext("The appointment was moved before it was sent."),
    Reason.CANCELLED: lazy_gettext("The appointment was cancelled before it was sent."),
    Reason.HERE: lazy_gettext("The patient was here before it was sent."),
    Reason.NOT_AFFECTED: lazy_gettext("The appointment was settled before it was sent."),
    Reason.REVERTED: lazy_gettext("It was taken back before it was sent."),
    Reason.LEFT: lazy_gettext("The account is deactivated."),
}


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(event_name)
    app.add_template_filter(language_name)
    app.add_template_filter(reason_words)
    app.add_template_filter(outcome_name)
    app.add_template_filter(outcome_tone)


def event_name(event: str) -> str:
    """What a message reports, in a word or three."""
    words = EVENTS.get(event) or OTHER_EVENTS.get(event)
    return str(words) if words else gettext("For the staff")


def language_name(language: Language) -> str:
    """A language as people call it."""
    return str(LANGUAGES[language])


def reason_words(error: str) -> str:
    """Why a message was not sent, from what is stored: `REFUSED 400`."""
    code, _, status = error.partition(" ")
    words = str(REASONS.get(code, error))
    return gettext("%(words)s (answer %(status)s)", words=words, status=status) if status else words


def outcome_name(message: object) -> str:
    """What became of a message to a patient. What is in the app is on record, which nobody was sent."""
    if getattr(message, "phoned_at", None):
        return gettext("told by phone")
    if _is_on_record(message):
        return gettext("on record")
    state: DeliveryState = message.state  # type: ignore[attr-defined]
    if state is DeliveryState.QUEUED and getattr(message, "error", None):
        return gettext("being tried again")
    return delivery_name(state)


def outcome_tone(message: object) -> str:
    """The tone of that; the words say the same."""
    if getattr(message, "phoned_at", None):
        return "good"
    return "" if _is_on_record(message) else delivery_tone(message.state)  # type: ignore[attr-defined]


def _is_on_record(message: object) -> bool:
    is_to_user = getattr(message, "user_name", None) is not None
    return message.channel is Channel.IN_APP and not is_to_user  # type: ignore[attr-defined]
