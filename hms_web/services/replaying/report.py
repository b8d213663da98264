"""What came of a season, counted in the database clinic by clinic."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hms_web.domain.patients import PatientStatus
from hms_web.models import Appointment, NoShowLog, Notification, Patient, StageAlert
from hms_web.services.replaying.opening import House, Practice

Counts = dict[str, Any]


def of(session: Session, house: House, refused: Mapping[int, Counter[str]]) -> dict[str, Counts]:
    """Return the counts of each clinic by its folder, with the keys that `hms replay --json` prints.

    `noShowLogs` counts reverted ones too; `messages` counts rows of the outbox, one a channel.
    """
    return {
        practice.folder: _counts(session, practice, refused.get(place, Counter()))
        for place, practice in enumerate(house.practices)
    }


def _counts(session: Session, practice: Practice, refused: Mapping[str, int]) -> Counts:
    mine, patients = practice.doctor_id, list(practice.patient_ids.values())
    statuses = _grouped(session, Appointment.status, Appointment.doctor_id == mine)
    told = (
        select(func.count()).select_from(Notification).join(Appointment, Appointment.id == Notification.appointment_id)
    )
    blocked = select(func.count()).where(Patient.id.in_(patients), Patient.status == PatientStatus.BLOCKED)
    return {
        "booked": sum(statuses.values()),
        "refused": dict(sorted(refused.items())),
        "byStatus": statuses,
        "noShowLogs": session.scalar(select(func.count()).where(NoShowLog.doctor_id == mine)),
        "patientsBlocked": session.scalar(blocked),
        "alerts": _grouped(session, StageAlert.alert_type, StageAlert.doctor_id == mine),
        "messages": session.scalar(told.where(Appointment.doctor_id == mine)),
    }


def _grouped(session: Session, column: Any, condition: Any) -> dict[str, int]:  # noqa: ANN401 any column, any condition
    rows = session.execute(select(column, func.count()).where(condition).group_by(column).order_by(column))
    return {str(key): count for key, count in rows}
