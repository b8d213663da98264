"""A form over a record that others may change meanwhile.

It carries along what it showed. Only the fields in which something else was typed are sent on, together with what the
person saw there, so that the service can refuse to undo what they have not seen.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from flask import abort, request
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field

from hms_web.domain.unset import UNSET
from hms_web.web.forms import Form

C = TypeVar("C")
PREFIX = "seen-"


class RecordForm(Form):
    """A form whose template carries `seen` along in hidden fields."""

    _refreshed: Mapping[str, str] | None = None

    @property
    def change(self) -> Any:  # noqa: ANN401 each record has its own dataclass
        """What the form asks for."""
        raise NotImplementedError

    @property
    def seen(self) -> Mapping[str, str]:
        """What the person was shown in each field, as the fields write it."""
        if self._refreshed is not None:
            return self._refreshed
        if any(field.raw_data is not None for field in self):
            return self._sent
        return {field.short_name: _written(field) for field in self if field.short_name != "csrf_token"}

    @property
    def _sent(self) -> dict[str, str]:
        given = {field.short_name: request.form.get(PREFIX + field.short_name) for field in self}
        return {name: written for name, written in given.items() if written is not None}

    def _is_untouched(self, name: str) -> bool:
        return name in self.seen and _written(self[name]).strip() == self.seen[name].strip()

    def only_typed(self, wanted: C) -> C:
        """Return a change without the fields in which nothing else was typed."""
        named = [item.name for item in fields(wanted) if item.name in self]  # type: ignore[arg-type]
        return replace(wanted, **{name: UNSET for name in named if self._is_untouched(name)})  # type: ignore[type-var]

    def seen_values(self) -> dict[str, object]:
        """Return what the person saw in the fields, as columns have it; 400 for what no page of ours has shown."""
        if not self._sent:
            return {}
        try:
            shown = type(self)(formdata=MultiDict(self._sent), meta={"csrf": False}).change
        except ValueError:
            abort(400)
        return {item.name: getattr(shown, item.name) for item in fields(shown) if item.name in self._sent}

    def show_as_it_is(self, now: "RecordForm") -> None:
        """Keep what was typed, and show everything else as the record says it now."""
        for field in self:
            if field.short_name in now and self._is_untouched(field.short_name):
                field.data, field.raw_data = now[field.short_name].data, None
        self._refreshed = now.seen


def _written(field: Field) -> str:
    if field.raw_data is not None:
        return str(field.raw_data[0]) if field.raw_data else ""
    if isinstance(field, BooleanField):
        return "y" if field.data else ""  # its own way to say no is to be left out
    return str(field._value() if hasattr(field, "_value") else field.data or "")  # noqa: SLF001 what it shows
