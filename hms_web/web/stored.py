"""Texts of the product's own that were stored in English with a record, said in the language of the page.

What somebody has typed stays as it was typed: only a text that one of these templates could have made is told again.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from flask import Flask

from hms_web.domain.no_show import BLOCKED_REASON
from hms_web.domain.phrases import Phrase
from hms_web.services import absences, consultation_team, doctors, job_health, job_words, leases, no_show, no_show_check
from hms_web.web.language import gettext

_PLACE = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
_SHOWN = r"(?P<{}>.+?)"


def init_app(app: Flask) -> None:
    """Give templates the filter."""
    app.add_template_filter(stored)


def stored(text: str | None) -> str:
    """A stored text in the language of the request; nothing for none."""
    if not text:
        return ""
    for pattern, templates, between in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            values = found.groupdict()
            return between.join(_filled(gettext(template), values) for template in templates)
    return text


def _filled(template: str, values: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1] or place[2]], template)


@cache
def _patterns() -> list[tuple[re.Pattern[str], Sequence[str], str]]:
    known: list[tuple[re.Pattern[str], Sequence[str], str]] = []
    for phrases, between in _known():
        templates = [phrase.template for phrase in phrases]
        known.append((re.compile(re.escape(between).join(map(_pattern, templates)), re.DOTALL), templates, between))
    return known


def _known() -> Iterator[tuple[Sequence[Phrase], str]]:
    """The sentences that are stored as one text, and what stands between them; the longest first."""
    for phrase in (BLOCKED_REASON, absences.EMERGENCY_NOTE, doctors.UNAVAILABLE_NOTE, no_show.UNRELEASED):
        yield [phrase], ""
    for phrase in (leases.RAN_OUT, job_health.STOPPED, no_show_check.LEFT):
        yield [phrase], ""
    for asked in consultation_team.ASKED.values():
        yield [asked], ""
        yield [asked, consultation_team.TO_DO], ". "
    for title in job_words.TITLES.values():
        yield [title], ""
    for sentence in (*job_words.SENTENCES.values(), job_words.WELL, job_words.WAVERING, job_words.NOT_YET):
        for more in ([job_words.UNKNOWN, job_words.ADVICE], [job_words.ADVICE], [job_words.UNKNOWN], []):
            yield [sentence, *more], " "


def _pattern(template: str) -> str:
    parts, at = [], 0
    for place in _PLACE.finditer(template):
        parts += [re.escape(template[at : place.start()]), _SHOWN.format(place[1] or place[2])]
        at = place.end()
    return "".join([*parts, re.escape(template[at:])])
