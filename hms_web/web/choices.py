"""The options of a select field."""

from collections.abc import Mapping
from typing import Any

from flask_babel.speaklater import LazyString
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the types are of an older WTForms


def of(words: Mapping[Any, LazyString]) -> list[Any]:
    """Return an option for each value, with its words."""
    return [SelectChoice(value, label) for value, label in words.items()]
