"""The pages of records: everything beside signing in and the front desk."""

from flask import Blueprint

from hms_web.web import (
    absence,
    absences,
    appointment,
    appointments,
    doctors,
    holiday_import,
    holidays,
    passwords,
    patient,
    patients,
    schedules,
    users,
)

# The module of one record adds its views to the blueprint of its list, when it is imported.
MODULES = (absences, absence, appointments, appointment, holidays, holiday_import, patients, patient)

BLUEPRINTS: tuple[Blueprint, ...] = (
    appointments.blueprint,
    patients.blueprint,
    doctors.blueprint,
    schedules.blueprint,
    absences.blueprint,
    holidays.blueprint,
    users.blueprint,
    passwords.blueprint,
)
