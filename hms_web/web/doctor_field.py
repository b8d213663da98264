"""The field in which a doctor is chosen: a list of them, or where there are many, words of the name.

What an address or a form says in `doctor` is an id or words. Words are resolved here, on the server; those that fit
several doctors are answered with links (docs/decisions/0230-choosing-among-a-thousand-doctors.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hms_web.models import db
from hms_web.services import doctor_choice
from hms_web.services.doctor_choice import MOST_FOUND, Choice
from hms_web.web import asked, auth
from hms_web.web.language import gettext

blueprint = Blueprint("doctor_field", __name__)

WAS = "doctor-was"
"""Beside words, the id of the doctor whose they were when the page was made: others may be called the same."""


class Named(Protocol):
    """Whoever can be chosen."""

    @property
    def id(self) -> UUID:
        """By which they are chosen."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an address or a form means. `id` is None where it says nothing, and where what was `typed` leaves open who
    is meant; then `fit` are whom it fits, by words that tell them apart.
    """

    id: UUID | None = None
    typed: str | None = None
    fit: Sequence[tuple[str, Named]] = ()

    @property
    def is_open(self) -> bool:
        """Whether something was typed, and not one doctor is meant by it."""
        return self.id is None and self.typed is not None

    @property
    def offered(self) -> Sequence[tuple[str, Named]]:
        """Those of `fit` for whom there is room."""
        return self.fit[:MOST_FOUND]

    @property
    def is_more(self) -> bool:
        """Whether it fits more than are offered."""
        return len(self.fit) > MOST_FOUND

    @property
    def sentence(self) -> str:
        """Why nobody is chosen."""
        if self.fit:
            return gettext("Several doctors fit “%(words)s”. Choose one of them.", words=self.typed)
        return gettext("No doctor's name, department or e-mail address fits “%(words)s”.", words=self.typed)

    @property
    def sentence_with_names(self) -> str:
        """The same where there is no room for links."""
        if not self.fit:
            return self.sentence
        names = "; ".join(words for words, _ in self.offered)
        return gettext(
            "Several doctors fit “%(words)s”. Write one of them in full: %(names)s.", words=self.typed, names=names
        )


ANYBODY = Meant()


def read(values: Mapping[str, str], *, also_gone: bool = False) -> Meant:
    """Read whom an address or a form means; only words that were typed ask the database."""
    key = asked.key(values, "doctor")
    typed = None if key else asked.text(values, "doctor")
    if typed is None:
        return Meant(key)
    was = asked.key(values, WAS)
    fit = doctor_choice.matching(db.session(), auth.actor(), typed, also_gone=also_gone, first=was)
    found = doctor_choice.meant(typed, fit, was)
    return Meant(found.id if found else None, typed, fit)


def as_sent(values: Mapping[str, str]) -> Meant:
    """Return what a form that is shown again said, without asking whom it fits."""
    key = asked.key(values, "doctor")
    return Meant(key, None if key else asked.text(values, "doctor"))


def offered(meant: Meant = ANYBODY, *, also_gone: bool = False) -> Choice:
    """Return whom a field offers that is not narrowed to a department."""
    return doctor_choice.choice(db.session(), auth.actor(), chosen=meant.id, also_gone=also_gone)


@blueprint.get("/doctors/names")
@auth.roles()
def names() -> ResponseReturnValue:
    """The doctors that fit what is being typed, as the field's suggestions; `gone` has those who left too."""
    typed, department = asked.text(request.args, "doctor"), asked.text(request.args, "department")
    found = doctor_choice.matching(
        db.session(), auth.actor(), typed or "", department=department, also_gone="gone" in request.args
    )
    return render_template("doctors/_names.html", names=[words for words, _ in found[:MOST_FOUND]])
