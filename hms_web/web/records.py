"""The pages of records: everything beside signing in and the front desk."""

from flask import Blueprint

from hms_web.web import (
    absence,
    absences,
    affected,
    alerts,
    appointment,
    appointments,
    doctors,
    holiday_import,
    holidays,
    jobs,
    message_providers,
    message_templates,
    messages,
    notifications,
    passwords,
    patient,
    patients,
    schedules,
    to_phone,
    users,
)

# The module of one record adds its views to the blueprint of its list, when it is imported.
MODULES = (
    absences,
    absence,
    appointments,
    appointment,
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
)
