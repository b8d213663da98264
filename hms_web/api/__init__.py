"""The JSON API under `/api/v1`: each view reads, calls a service and answers; the rules are the services' (api.md)."""

from flask import Blueprint, Flask

from hms_web.api import (
    absences,
    affected,
    alerts,
    appointments,
    booking,
    consultations,
    doctors,
    holidays,
    identity,
    job_health,
    no_show,
    notifications,
    pages,
    patients,
    problems,
    schedules,
    slots,
    users,
    vitals,
)
from hms_web.api.operations import Operation

NOUNS = (
    identity,
    users,
    doctors,
    schedules,
    absences,
    slots,
    appointments,
    booking,
    affected,
    vitals,
    consultations,
    patients,
    no_show,
    alerts,
    holidays,
    notifications,
    job_health,
)
OPERATIONS: list[Operation] = [operation for noun in NOUNS for operation in noun.routes]


def register(app: Flask) -> None:
    """Add the JSON API to the application."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
    for noun in NOUNS:
        noun.routes.register(blueprint)
    pages.register(blueprint, OPERATIONS)
    problems.register(app, blueprint)
    app.register_blueprint(blueprint)
