"""What somebody was shown before they pressed a button that changes appointments.

A form that does something to appointments carries a mark of each that it showed. The service that saves it looks under
its locks whether more are concerned by then: nothing is done in that case, and the person is shown the list as it is
now, with who is new.
"""

from collections.abc import Iterable
from uuid import UUID

from flask import flash, request, url_for
from markupsafe import Markup

from hms_web.domain.shown import Concern, Shown, mark
from hms_web.web import htmx
from hms_web.web.language import ngettext

FIELD = "shown"


def fingerprint(concerned: Iterable[Concern]) -> str:
    """Return what a form carries of what it shows: the marks of all who are concerned."""
    return ".".join(mark(*concern) for concern in concerned)


def sent() -> Shown:
    """What the form that was sent has shown."""
    return Shown(frozenset(request.form.get(FIELD, "").split(".")))


def new_among(concerned: Iterable[Concern]) -> frozenset[UUID]:
    """Return who was not among those that the form has shown; nobody is news where it has shown nothing at all.

    Nor in a preview while the form is filled in: there the list changes because the person changes the form.
    """
    if htmx.wants_fragment() or not request.form.get(FIELD):
        return frozenset()
    return frozenset(sent().unseen(concerned))


def say_affected(count: int, doctor_id: UUID | None = None) -> None:
    """Say after a change how many appointments need another time, with the way to their list; nothing for none."""
    if count:
        words = ngettext("%(num)d appointment needs another time.", "%(num)d appointments need another time.", count)
        listed = url_for("affected.index", doctor=doctor_id)
        say_with_way(words, listed)


def say_with_way(words: str, href: str, tone: str = "warn") -> None:
    """Say on the next page what leads to another one."""
    flash(Markup('<a href="{}">{}</a>').format(href, words), tone)
