"""Who did not come, and who has been waiting too long."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.alerts import LIVE, AlertStatus, AlertType
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.visits import AppointmentStatus
from hms_web.models.base import Base, HospitalId, Id, in_hospital, one_of

_LIVE = text("status IN ({})".format(", ".join(f"'{status}'" for status in sorted(LIVE))))


class NoShowLog(Base):
    """One appointment that was missed; at most one that is not reverted.

    `previous_status` is what the appointment was until then, for the record: taken back, it becomes SCHEDULED or
    CHECKED_IN, because the table of statuses knows no other way (`domain/no_show.reverted_to`). `is_counted` says
    whether it counts towards the patient's block: an unblocking starts the count again at 0, and what was counted until
    then counts no more.
    """

    __tablename__ = "no_show_logs"
    __table_args__ = (
        in_hospital("appointment_id", "appointments"),
        in_hospital("patient_id", "patients"),
        in_hospital("doctor_id", "doctors"),
        one_of("reason", NoShowReason),
        one_of("previous_status", AppointmentStatus),
        Index("uq_no_show_logs_live", "appointment_id", unique=True, postgresql_where=text("reverted_at IS NULL")),
        Index("ix_no_show_logs_hospital_id_created_at", "hospital_id", "created_at", "id"),
        Index("ix_no_show_logs_patient_id_created_at", "patient_id", "created_at"),
        Index("ix_no_show_logs_doctor_id_created_at", "doctor_id", "created_at"),
        Index("ix_no_show_logs_appointment_id", "appointment_id"),
        Index("ix_no_show_logs_run_id", "run_id"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    reason: Mapped[str]
    slot_time: Mapped[dt.datetime]
    timeout_minutes: Mapped[int]
    slot_released: Mapped[bool]
    slot_released_at: Mapped[dt.datetime | None]
    notes: Mapped[str | None]
    previous_status: Mapped[str]
    is_counted: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("cron_job_runs.id", ondelete="SET NULL"))
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime]
    reverted_at: Mapped[dt.datetime | None]
    reverted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    revert_note: Mapped[str | None]


class StageAlert(Base):
    """Somebody who has waited too long at one stage, and who looks after it."""

    __tablename__ = "stage_alerts"
    __table_args__ = (
        in_hospital("appointment_id", "appointments"),
        in_hospital("patient_id", "patients"),
        in_hospital("doctor_id", "doctors"),
        one_of("alert_type", AlertType),
        one_of("status", AlertStatus),
        Index("uq_stage_alerts_live", "appointment_id", "alert_type", unique=True, postgresql_where=_LIVE),
        Index("ix_stage_alerts_board", "hospital_id", "waiting_since", postgresql_where=_LIVE),
        Index("ix_stage_alerts_appointment_id", "appointment_id"),
        Index("ix_stage_alerts_hospital_id_created_at", "hospital_id", "created_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    alert_type: Mapped[str]
    status: Mapped[str] = mapped_column(default=AlertStatus.ACTIVE)
    message: Mapped[str]
    waiting_since: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    acknowledged_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    acknowledged_at: Mapped[dt.datetime | None]
    resolved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    resolved_at: Mapped[dt.datetime | None]
    resolve_note: Mapped[str | None]
