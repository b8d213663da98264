"""What a doctor writes into a consultation, and what became of it: saved, in the way of somebody else's, or wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from wtforms import TextAreaField

from hms_web.domain.consultations import one_line_each
from hms_web.services.consultation_records import ConsultationView, LastChange
from hms_web.services.consultations import ConsultationChange
from hms_web.web.record_form import RecordForm

NAMES = ("chief_complaint", "diagnosis", "notes", "prescription")


class ConsultationForm(RecordForm):
    """The four texts; a diagnosis a line."""

    chief_complaint = TextAreaField(lazy_gettext("Chief complaint"))
    diagnosis = TextAreaField(lazy_gettext("Diagnoses"))
    notes = TextAreaField(lazy_gettext("Notes"))
    prescription = TextAreaField(lazy_gettext("Prescription"))

    @classmethod
    def of(cls, view: ConsultationView) -> "ConsultationForm":
        """Show what is written."""
        return cls(formdata=None, data=texts_of(view))

    @property
    def change(self) -> ConsultationChange:
        """What the form asks for."""
        texts = {name: plain(self[name].data) for name in NAMES}
        return ConsultationChange(
            chief_complaint=texts["chief_complaint"] or None,
            diagnosis=one_line_each(texts["diagnosis"]),
            notes=texts["notes"] or None,
            prescription=texts["prescription"] or None,
        )

    @property
    def labels(self) -> Mapping[str, LazyString]:
        """How the fields are called."""
        return {name: self[name].label.text for name in NAMES}


def plain(text: str | None) -> str:
    """Return text with one kind of line end and nothing around it, as it is stored."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def texts_of(view: ConsultationView) -> dict[str, str]:
    """Return what is written, as the fields show it."""
    return {
        "chief_complaint": view.chief_complaint or "",
        "diagnosis": "\n".join(view.diagnosis),
        "notes": view.notes or "",
        "prescription": view.prescription or "",
    }


@dataclass(frozen=True, slots=True)
class Other:
    """A field that somebody else has changed since the writer saw it."""

    name: str
    words: LazyString
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """What became of the last save: when it was, and what the writer has to know.

    `seen` is what the writer is taken to know of each field. `others` were changed by `by` meanwhile; with
    `is_conflict` one of them is what the writer wanted to change too, and nothing was saved.
    """

    seen: Mapping[str, str]
    version: int
    saved_at: datetime | None = None
    others: Sequence[Other] = ()
    by: LastChange | None = None
    is_conflict: bool = False
    mistakes: Sequence[tuple[str | None, str]] = field(default_factory=tuple)
    refused: str | None = None


def untouched(view: ConsultationView, last: LastChange | None) -> State:
    """The state of a form that nobody has typed into yet."""
    return State(texts_of(view), view.version, saved_at=last.at if last else None)


def others(form: ConsultationForm, view: ConsultationView, seen: Mapping[str, str]) -> list[Other]:
    """Return the fields that no longer say what the writer saw in them."""
    now = texts_of(view)
    return [
        Other(name, form.labels[name], now[name])
        for name in NAMES
        if name in seen and plain(seen[name]) != plain(now[name])
    ]


def seen_after_saving(form: ConsultationForm, view: ConsultationView, changed: ConsultationChange) -> dict[str, str]:
    """Return what the writer knows of each field now: their own words where they wrote, else what they saw before."""
    before, now = form.seen, texts_of(view)
    wrote = {name for name in NAMES if isinstance(getattr(changed, name), str | list | None)}
    return {name: now[name] if name in wrote else before.get(name, now[name]) for name in NAMES}
