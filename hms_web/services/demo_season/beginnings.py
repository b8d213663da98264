"""The first state of each row that a season writes, column by column."""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from hms_web.domain.alerts import AlertStatus, Wait
from hms_web.domain.consultations import ConsultationStatus
from hms_web.domain.delivery import TO_PHONE, Reason
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.visits import AppointmentStatus, AppointmentType
from hms_web.domain.vitals import Readings
from hms_web.models import new_id
from hms_web.services.demo_season.deeds import Course, Deed
from hms_web.services.demo_season.rows import Case, Cast, Row
from hms_web.services.demo_season.words import Complaint
from hms_web.services.outbox import PatientNotice

PHONED_AFTER = timedelta(minutes=35)
WRITTEN, DONE = ConsultationStatus.IN_PROGRESS, ConsultationStatus.COMPLETED
FOLLOW_UP = "Follow-up"


def reason_of(course: Course) -> str:
    """Return what the desk wrote down of why somebody comes."""
    return FOLLOW_UP if course.is_follow_up else course.complaint.words


def type_of(course: Course) -> AppointmentType:
    """Return what kind of visit it is."""
    return AppointmentType.FOLLOW_UP if course.is_follow_up else AppointmentType.CONSULTATION


def appointment(cast: Cast, course: Course, at: datetime, token: int) -> Row:
    """Return a booking's row."""
    slot, desk = course.slot, cast.desks[course.desk]
    return {
        "id": new_id(),
        "hospital_id": desk.hospital_id,
        "patient_id": cast.patient_ids[course.patient],
        "doctor_id": cast.doctors[course.doctor].doctor_id,
        "date": slot.day,
        "start_time": slot.start,
        "end_time": slot.end,
        "starts_at": slot.span.starts_at,
        "ends_at": slot.span.ends_at,
        "slot_minutes": course.minutes,
        "status": AppointmentStatus.SCHEDULED,
        "type": type_of(course),
        "reason": reason_of(course),
        "token_number": token,
        "version": 1,
        "checked_in_at": None,
        "vitals_recorded_at": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "created_by_id": desk.user_id,
        "created_at": at,
    }


def _beside(row: Row) -> Row:
    """Return what every row beside an appointment's begins with."""
    return {"id": new_id(), "hospital_id": row["hospital_id"], "appointment_id": row["id"]}


def vitals(row: Row, nurse: Actor, taken: Readings, at: datetime) -> Row:
    """Return the row of one taking of readings."""
    return _beside(row) | asdict(taken) | {"recorded_by_id": nurse.user_id, "recorded_at": at}


def consultation(row: Row, at: datetime) -> Row:
    """Return the row of a consultation that has just started."""
    return _beside(row) | {
        "doctor_id": row["doctor_id"],
        "status": ConsultationStatus.STARTED,
        "chief_complaint": None,
        "diagnosis": [],
        "prescription": None,
        "version": 1,
        "started_at": at,
        "completed_at": None,
    }


def findings(complaint: Complaint) -> Row:
    """Return what a doctor writes down of a visit."""
    return {
        "chief_complaint": complaint.words,
        "diagnosis": [complaint.diagnosis],
        "prescription": complaint.advice,
    }


def no_show(row: Row, actor: Actor, reason: NoShowReason, deed: Deed, *, is_released: bool) -> Row:
    """Return the log of a missed visit."""
    return _beside(row) | {
        "patient_id": row["patient_id"],
        "doctor_id": row["doctor_id"],
        "reason": reason,
        "slot_time": row["starts_at"],
        "timeout_minutes": row["slot_minutes"],
        "slot_released": is_released,
        "slot_released_at": deed.at if is_released else None,
        "notes": deed.words,
        "previous_status": row["status"],
        "is_counted": True,
        "created_by_id": actor.user_id,
        "created_at": deed.at,
        "reverted_at": None,
        "reverted_by_id": None,
        "revert_note": None,
    }


def alert(row: Row, wait: Wait, at: datetime, message: str) -> Row:
    """Return the row of an alert."""
    return _beside(row) | {
        "patient_id": row["patient_id"],
        "doctor_id": row["doctor_id"],
        "alert_type": wait.alert_type,
        "status": AlertStatus.ACTIVE,
        "message": message,
        "waiting_since": wait.since,
        "created_at": at,
        "acknowledged_by_id": None,
        "acknowledged_at": None,
        "resolved_at": None,
    }


def notice(case: Case, event: MessageEvent) -> PatientNotice:
    """Return what the patient is told of an appointment as it stands."""
    row = case.row
    return PatientNotice(
        event=event,
        appointment_id=row["id"],
        patient_id=row["patient_id"],
        version=row["version"],
        doctor_id=row["doctor_id"],
        doctor_name=case.doctor.name,
        starts_at=row["starts_at"],
        day=row["date"],
        at=row["start_time"],
        token=row["token_number"],
    )


def settle(row: Row, desk: Actor, at: datetime, phoned_before: datetime) -> datetime | None:
    """Make of a message what delivery makes of it where no provider is set up, which is at once.

    Returns when its patient was phoned instead, if it is something that has to be told and was written before.
    """
    phoned_at: datetime | None = None
    phoned_by: UUID | None = None
    error: str | None = None
    if row["state"] == DeliveryState.QUEUED:
        row |= {"state": str(DeliveryState.NOT_CONFIGURED), "next_attempt_at": None}
        error = str(Reason.NO_PROVIDER)
        if row["event"] in TO_PHONE and at < phoned_before:
            phoned_at, phoned_by = at + PHONED_AFTER, desk.user_id
    row |= {"last_error": error, "phoned_at": phoned_at, "phoned_by_id": phoned_by}
    return phoned_at


def suppress(row: Row) -> None:
    """Let a message that is not true any more, and that nobody was told, never go out."""
    row |= {"state": str(DeliveryState.SUPPRESSED), "next_attempt_at": None, "last_error": str(Reason.REVERTED)}
