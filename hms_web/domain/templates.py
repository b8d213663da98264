"""Templates of messages: which placeholders there are, what is refused, and how long a text message becomes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Formatter

from hms_web.domain.message_words import WORDS, Template
from hms_web.domain.messages import Contents, Language, Message, MessageEvent, priority_of, values
from hms_web.domain.phrases import phrase
from hms_web.domain.validation import line_mistake, note_mistake

LONGEST_TITLE, LONGEST_BODY = 100, 600
PLACEHOLDERS = ("hospital", "doctor", "when", "date", "time", "token")
TITLE_PLACEHOLDERS = ("hospital",)

# The default alphabet of text messages (3GPP TS 23.038); what stands in the second line takes two places.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑܧ¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("^{}\\[~]|€")
_GSM_ONE_PART, _GSM_PART = 160, 153
_UCS_ONE_PART, _UCS_PART = 70, 67


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text message is: places used, how many there are in so many parts, and how many parts that is.

    `is_plain` is true in the default alphabet; any other sign makes every part shorter.
    """

    used: int
    parts: int
    is_plain: bool

    @property
    def room(self) -> int:
        """How many places so many parts have."""
        one, each = (_GSM_ONE_PART, _GSM_PART) if self.is_plain else (_UCS_ONE_PART, _UCS_PART)
        return one if self.parts == 1 else each * self.parts


def length(text: str) -> Length:
    """Return what a text costs as a text message; an empty one is one part."""
    is_plain = all(char in _GSM or char in _GSM_TWO for char in text)
    used = sum(2 if char in _GSM_TWO else 1 for char in text) if is_plain else len(text.encode("utf-16-le")) // 2
    one, each = (_GSM_ONE_PART, _GSM_PART) if is_plain else (_UCS_ONE_PART, _UCS_PART)
    return Length(used, 1 if used <= one else -(-used // each), is_plain)


def mistakes(template: Template) -> list[tuple[str, str]]:
    """Return what is wrong with a template, as (field, sentence)."""
    found = [
        ("title", line_mistake(template.title, LONGEST_TITLE) or _brace_mistake(template.title, TITLE_PLACEHOLDERS)),
        ("body", _body_mistake(template.body)),
    ]
    return [(field, sentence) for field, sentence in found if sentence is not None]


def _body_mistake(body: str) -> str | None:
    if not body.strip():
        return phrase("Fill this in.")
    return note_mistake(body, LONGEST_BODY) or _brace_mistake(body, PLACEHOLDERS)


def _brace_mistake(text: str, allowed: Sequence[str]) -> str | None:
    """Say which placeholder a text cannot have, or that a brace is alone."""
    try:
        names = list(_names(text))
    except ValueError:
        return phrase("A { has no } that belongs to it, or the other way round. Write placeholders like {hospital}.")
    unknown = [name for name in names if name not in allowed]
    if not unknown:
        return None
    offered = ", ".join(f"{{{name}}}" for name in allowed)
    return phrase("There is no %(unknown)s here. Use %(offered)s.", unknown=f"{{{unknown[0]}}}", offered=offered)


def _names(text: str) -> Iterator[str]:
    """Yield the placeholders of a text as they are written; raises ValueError where braces do not pair."""
    for _literal, name, form, conversion in Formatter().parse(text):
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


def render(event: MessageEvent, language: Language, own: Template | None, contents: Contents) -> Message:
    """Return a message about an appointment: in the hospital's own words if they can be used, else the product's.

    Own words were checked when they were saved; were they wrong all the same, no booking may fail because of them.
    """
    template = WORDS[language][event] if own is None or mistakes(own) else own
    filling = values(contents, language)
    return Message(template.title.format(**filling), template.body.format(**filling), priority_of(event))
