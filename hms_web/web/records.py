"""The pages of records: everything beside signing in and the front desk."""

from flask import Blueprint

from hms_web.web import (
    absence,
    absences,
    affected,
    alerts,
    appointment,
    appointments,
    board,
    consultation_team,
    consultations,
    doctors,
    holiday_import,
    holidays,
    jobs,
    message_providers,
    message_templates,
    messages,
    my_day,
    notifications,
    passwords,
    patient,
    patients,
    schedules,
    to_phone,
    users,
    vitals,
)

# The module of one record adds its views to the blueprint of its list, when it is imported.
MODULES = (
    absences,
    absence,
    appointments,
    appointment,
    consultations,
    consultation_team,
    holidays,
    holiday_import,
    patients,
    patient,
    messages,
    message_providers,
    message_templates,
    to_phone,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    appointments.blueprint,
    patients.blueprint,
    doctors.blueprint,
    schedules.blueprint,
    absences.blueprint,
    affected.blueprint,
    holidays.blueprint,
    messages.blueprint,
    notifications.blueprint,
    users.blueprint,
    jobs.blueprint,
    alerts.blueprint,
    passwords.blueprint,
    board.blueprint,
    my_day.blueprint,
    vitals.blueprint,
    consultations.blueprint,
)
