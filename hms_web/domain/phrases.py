"""Sentences of the rules, written so that a page can say them in its reader's language.

Rules and services return English text, which the JSON API and the command line show as it is. A `Phrase` is that text
and remembers what it was made from, so that `web/language.said` can translate the template before it is filled. Texts
inside `phrase(...)` are found by `make messages`.
"""

from collections.abc import Mapping
from types import MappingProxyType

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Phrase(str):
    """An English sentence, with its template and what stands in its places; a value may be a phrase itself."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """A copy, and what is sent to another process, is the English text alone."""
        return str, (str(self),)


def phrase(template: str, **values: object) -> Phrase:
    """Return a sentence from its English template with places like `%(name)s`; without values it is as it stands."""
    made = Phrase(template % values if values else template)
    made.template = template
    made.values = values or _NOTHING
    return made
