"""The block that no-shows cause: lifted by an administrator, or by itself when a no-show is taken back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.no_show import lifts_block
from hms_web.domain.patients import PatientStatus
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.validation import line_mistake, refuse_invalid
from hms_web.models import NoShowLog, Patient
from hms_web.services import audit, changes, locks, patients, unit_of_work
from hms_web.services.patients import PatientView

LONGEST_REASON = 500
_FREE = {"status": PatientStatus.ACTIVE, "blocked_at": None, "blocked_reason": None, "is_auto_blocked": False}


def unblock(session: Session, actor: Actor, patient_id: UUID, *, reason: str, now: datetime) -> PatientView:
    """Let a blocked patient book again and count no-shows anew; for one who is not blocked nothing changes.

    The logs stay, and what was counted until now counts no more. Raises InvalidInput, or Refused PATIENT_NOT_FOUND.
    """
    refuse_invalid(("reason", line_mistake(reason, LONGEST_REASON)))

    def work() -> PatientView:
        locks.patient(session, actor, patient_id)
        patient = _row(session, actor, patient_id)
        if patient.status != PatientStatus.BLOCKED:
            return patients.view(patient)
        changed = changes.apply(patient, _FREE | {"no_show_count": 0})
        session.execute(
            update(NoShowLog)
            .where(NoShowLog.patient_id == patient_id, NoShowLog.is_counted.is_(True))
            .values(is_counted=False)
            .execution_options(synchronize_session=False)
        )
        session.flush()
        audit.record(
            session, actor, "patient.unblocked", "patient", patient_id, now=now, reason=reason.strip(), changes=changed
        )
        return patients.view(patient)

    return unit_of_work.run(session, work)


def count_down(session: Session, actor: Actor, patient_id: UUID, *, is_counted: bool, now: datetime) -> None:
    """Take one no-show off a patient's totals, inside the caller's unit of work and under the patient's lock.

    One from before an unblocking no longer counts towards a block, so only the lifetime total goes down.
    """
    session.flush()
    patient = _row(session, actor, patient_id)
    patient.lifetime_no_shows -= 1
    if not is_counted:
        return
    patient.no_show_count -= 1
    if lifts_block(patient.no_show_count, is_auto_blocked=patient.is_auto_blocked):
        changed = changes.apply(patient, _FREE)
        details = {"by_revert": True, "changes": changed}
        audit.record(session, actor, "patient.unblocked", "patient", patient_id, now=now, **details)


def _row(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    query = select(Patient).where(Patient.hospital_id == actor.hospital_id, Patient.id == patient_id)
    patient = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if patient is None:
        raise Refused(Code.PATIENT_NOT_FOUND)
    return patient
