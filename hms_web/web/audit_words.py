"""The audit trail in words: what was done, and to what kind of record."""

from flask import url_for
from flask_babel import lazy_gettext

from hms_web.services.audit_log import AuditRow
from hms_web.web import formats

KINDS = {
    "absence": lazy_gettext("Leave"),
    "alert": lazy_gettext("Alert"),
    "appointment": lazy_gettext("Appointment"),
    "consultation": lazy_gettext("Consultation"),
    "cron_job_run": lazy_gettext("Run of a job"),
    "doctor": lazy_gettext("Doctor"),
    "holiday": lazy_gettext("Holiday"),
    "hospital": lazy_gettext("Hospital"),
    "message_provider": lazy_gettext("Message provider"),
    "message_template": lazy_gettext("Wording of a message"),
    "notification": lazy_gettext("Message"),
    "patient": lazy_gettext("Patient"),
    "plan": lazy_gettext("Plan for affected appointments"),
    "slot": lazy_gettext("Slot"),
    "user": lazy_gettext("User"),
}
ACTIONS = {
    "absence.cancelled": lazy_gettext("Leave cancelled"),
    "absence.changed": lazy_gettext("Leave changed"),
    "absence.created": lazy_gettext("Leave entered"),
    "alert.acknowledged": lazy_gettext("Alert taken on"),
    "alert.raised": lazy_gettext("Alert raised"),
    "alert.resolved": lazy_gettext("Alert resolved"),
    "appointment.affected": lazy_gettext("Appointment needs another time"),
    "appointment.booked": lazy_gettext("Appointment booked"),
    "appointment.cancelled": lazy_gettext("Appointment cancelled"),
    "appointment.changed": lazy_gettext("Appointment changed"),
    "appointment.checked_in": lazy_gettext("Patient checked in"),
    "appointment.confirmed": lazy_gettext("Appointment confirmed"),
    "appointment.consultation_abandoned": lazy_gettext("Consultation broken off, the patient waits again"),
    "appointment.consultation_completed": lazy_gettext("Visit completed"),
    "appointment.consultation_started": lazy_gettext("Patient went in to the doctor"),
    "appointment.had_come": lazy_gettext("Said that the patient had come"),
    "appointment.keep_undone": lazy_gettext("No longer kept in spite of what affects it"),
    "appointment.kept": lazy_gettext("Appointment kept in spite of what affects it"),
    "appointment.move_undone": lazy_gettext("Move of an appointment undone"),
    "appointment.no_show": lazy_gettext("Marked as a no-show"),
    "appointment.no_show_reverted": lazy_gettext("No-show taken back"),
    "appointment.no_show_excused": lazy_gettext("No-show taken out of the count"),
    "appointment.no_show_review": lazy_gettext("Put on the list of whom to ask about"),
    "appointment.rescheduled": lazy_gettext("Appointment moved"),
    "appointment.scheduled": lazy_gettext("Check-in undone"),
    "appointment.settled": lazy_gettext("Appointment no longer needs another time"),
    "appointment.viewed": lazy_gettext("Appointment read"),
    "appointment.vitals_recorded": lazy_gettext("Vitals recorded"),
    "consultation.abandoned": lazy_gettext("Consultation broken off"),
    "consultation.changed": lazy_gettext("Consultation written into"),
    "consultation.completed": lazy_gettext("Consultation completed"),
    "consultation.participant_added": lazy_gettext("Colleague asked into a consultation"),
    "consultation.participant_removed": lazy_gettext("Colleague let go from a consultation"),
    "consultation.started": lazy_gettext("Consultation begun"),
    "consultation.viewed": lazy_gettext("Consultation read"),
    "doctor.calendar_link_made": lazy_gettext("Link to a calendar made"),
    "doctor.calendar_link_revoked": lazy_gettext("Link to a calendar revoked"),
    "doctor.changed": lazy_gettext("Doctor changed"),
    "doctor.created": lazy_gettext("Doctor added"),
    "doctor.schedule_replaced": lazy_gettext("Weekly hours changed"),
    "holiday.changed": lazy_gettext("Holiday changed"),
    "holiday.created": lazy_gettext("Holiday added"),
    "holiday.deleted": lazy_gettext("Holiday removed"),
    "hospital.changed": lazy_gettext("Hospital changed"),
    "hospital.created": lazy_gettext("Hospital opened"),
    "hospital.list_exported": lazy_gettext("List taken away as a file"),
    "job.started": lazy_gettext("Job run by hand"),
    "notification.not_phoned": lazy_gettext("“Phoned” taken back"),
    "notification.phoned": lazy_gettext("Patient phoned"),
    "notification.sent_again": lazy_gettext("Message sent again"),
    "patient.blocked": lazy_gettext("Patient blocked from booking"),
    "patient.changed": lazy_gettext("Patient changed"),
    "patient.created": lazy_gettext("Patient added"),
    "patient.unblocked": lazy_gettext("Patient unblocked"),
    "patient.viewed": lazy_gettext("Patient read"),
    "plan.applied": lazy_gettext("Plan carried out"),
    "plan.undone": lazy_gettext("Plan undone"),
    "provider.removed": lazy_gettext("Message provider removed"),
    "provider.set": lazy_gettext("Message provider set"),
    "provider.tested": lazy_gettext("Test message sent"),
    "slot.blocked": lazy_gettext("Slot closed"),
    "slot.unblocked": lazy_gettext("Slot opened"),
    "slots.generated": lazy_gettext("Slots made"),
    "slots.regenerated": lazy_gettext("Slots made anew"),
    "template.reset": lazy_gettext("Wording of a message put back"),
    "template.saved": lazy_gettext("Wording of a message changed"),
    "user.changed": lazy_gettext("User changed"),
    "user.created": lazy_gettext("User added"),
    "user.signed_out_everywhere": lazy_gettext("Signed out everywhere"),
    "user.recovery_code_used": lazy_gettext("Signed in with a recovery code"),
    "user.recovery_codes_made": lazy_gettext("New recovery codes made"),
    "user.second_factor_removed": lazy_gettext("Second factor removed"),
    "user.second_factor_set_up": lazy_gettext("Second factor set up"),
    "user.session_ended": lazy_gettext("A session of one's own ended"),
    "user.sessions_ended": lazy_gettext("All other sessions of one's own ended"),
    "user.token_revoked": lazy_gettext("A token of one's own revoked"),
    "user.password_link_made": lazy_gettext("Link to set a password made"),
    "user.language_chosen": lazy_gettext("Language chosen"),
    "user.password_set": lazy_gettext("Password set"),
    "user.sign_in_code_wrong": lazy_gettext("Sign-in with a wrong code"),
    "user.sign_in_failed": lazy_gettext("Sign-in with a wrong password"),
    "user.sign_in_held_off": lazy_gettext("Sign-in held off after too many failures"),
    "user.signed_in": lazy_gettext("Signed in"),
    "user.token_issued": lazy_gettext("Signed in to the API"),
}
# Kinds of which there is one page for all.
LISTS = {
    "cron_job_run": "jobs.index",
    "holiday": "holidays.index",
    "message_provider": "messages.show_providers",
    "message_template": "messages.show_templates",
}


def action_name(action: str) -> str:
    """What was done; an action that has no words yet is shown as it is called."""
    known = ACTIONS.get(action)
    return str(known) if known else formats.words(action.replace(".", " "))


def kind_name(kind: str) -> str:
    """What kind of record it was done to."""
    known = KINDS.get(kind)
    return str(known) if known else formats.words(kind)


def record_name(row: AuditRow) -> str:
    """What the record is called now: a name, and the time of an appointment; an empty text where it has none."""
    parts = [row.name or row.patient_name, formats.dated(row.appointment_at) if row.appointment_at else None]
    return ", ".join(part for part in parts if part)


def record_url(row: AuditRow) -> str | None:
    """Where the record is shown, as far as an administrator may go there."""
    if row.appointment_id is not None:
        return url_for("appointments.page", appointment_id=row.appointment_id)
    if row.patient_id is not None:
        return url_for("patients.page", patient_id=row.patient_id)
    if row.name is not None and row.kind == "user":
        return url_for("users.page", user_id=row.record_id)
    if row.name is not None and row.kind == "doctor":
        return url_for("doctors.page", doctor_id=row.record_id)
    return url_for(LISTS[row.kind]) if row.kind in LISTS else None
