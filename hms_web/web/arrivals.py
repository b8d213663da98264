"""What whoever checks somebody in should know at once: that the doctor will not come."""

from hms_web.domain.affected import AffectedCause
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import settling
from hms_web.services.appointments import AppointmentView
from hms_web.web import auth
from hms_web.web.language import gettext


def doubt(view: AppointmentView) -> str | None:
    """Say why somebody who has just been checked in may wait in vain, and what to do; None where nothing speaks
    against the appointment, or somebody decided to keep it all the same.
    """
    if view.status is not AppointmentStatus.CHECKED_IN:
        return None
    cause = settling.cause_against(db.session(), auth.actor(), view)
    if cause is None:
        return None
    why = {
        AffectedCause.ABSENCE: gettext("%(doctor)s is away at that time.", doctor=view.doctor_name),
        AffectedCause.DOCTOR_UNAVAILABLE: gettext("%(doctor)s does not see patients now.", doctor=view.doctor_name),
        AffectedCause.HOLIDAY: gettext("Today is a holiday of the hospital."),
        AffectedCause.SCHEDULE_CHANGE: gettext("%(doctor)s has other hours by now.", doctor=view.doctor_name),
    }
    remedy = gettext(
        "%(patient)s may wait in vain: under Needs attention a colleague can be found for today, or the time is kept.",
        patient=view.patient_name,
    )
    return f"{why[cause]} {remedy}"
