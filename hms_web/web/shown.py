"""What somebody was shown before they pressed a button that changes appointments.

A form that does something to appointments carries the fingerprint of those it showed. When others are concerned by
the time it is sent, nothing is done, and the person is shown the list as it is now.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from flask import flash, request, url_for
from markupsafe import Markup

from hms_web.services.appointments import AppointmentView
from hms_web.web.language import ngettext

FIELD = "shown"


def fingerprint(concerned: Iterable[AppointmentView], *more: str) -> str:
    """Return a short text that differs when other appointments, or `more` of what was shown, are concerned."""
    ids = ",".join([*sorted(str(view.id) for view in concerned), *more])
    return hashlib.blake2b(ids.encode(), digest_size=8).hexdigest()


def was(concerned: Iterable[AppointmentView], *more: str) -> bool:
    """Whether the form that was sent has shown exactly these; nobody concerned needs no showing."""
    wanted = list(concerned)
    return not wanted or request.form.get(FIELD) == fingerprint(wanted, *more)


def say_affected(count: int, doctor_id: UUID | None = None) -> None:
    """Say after a change how many appointments need another time, with the way to their list; nothing for none."""
    if count:
        words = ngettext("%(num)d appointment needs another time.", "%(num)d appointments need another time.", count)
        listed = url_for("affected.index", doctor=doctor_id)
        flash(Markup('<a href="{}">{}</a>').format(listed, words), "warn")
