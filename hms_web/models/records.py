"""What is written beside each change: the audit trail, the outbox of messages, and remembered answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.notifications import Channel, DeliveryState, Priority
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, in_hospital, one_of


class AuditEvent(Base):
    """Who did what to which record, when. Triggers refuse every change of a row, and to empty the table."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_record", "hospital_id", "record_type", "record_id", "at"),
        Index("ix_audit_events_hospital_id_at", "hospital_id", "at", "id"),
        Index("ix_audit_events_actor", "hospital_id", "actor_id", "at", "id"),
        Index("ix_audit_events_action", "hospital_id", "action", "at", "id"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    action: Mapped[str]
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)


class Notification(Base):
    """A message to a patient or a user on one channel: the outbox, and the inbox of those who have a login.

    `dedupe_key` names event, record and channel, so that the same message cannot be written twice. `facts` is what the
    message says, to be held against the record once more before it is sent; `claimed_until` marks that a worker is
    sending it; `sendings` counts how often somebody asked for it and makes the key by which a provider tells repeats.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("hospital_id", "dedupe_key"),
        in_hospital("patient_id", "patients"),
        in_hospital("appointment_id", "appointments"),
        in_hospital("user_id", "users"),
        CheckConstraint("patient_id IS NOT NULL OR user_id IS NOT NULL", name="addressee"),
        one_of("channel", Channel),
        one_of("priority", Priority),
        one_of("state", DeliveryState),
        Index("ix_notifications_queue", "next_attempt_at", "created_at", postgresql_where=text("state = 'QUEUED'")),
        Index("ix_notifications_hospital_id_created_at", "hospital_id", "created_at", "id"),
        Index(
            "ix_notifications_to_phone",
            "hospital_id",
            "created_at",
            postgresql_where=text(
                "state IN ('FAILED', 'NOT_CONFIGURED') AND channel <> 'in_app' AND phoned_at IS NULL"
                " AND event <> 'appointment.booked'"
            ),
        ),
        Index("ix_notifications_phoned", "hospital_id", "phoned_at", postgresql_where=text("phoned_at IS NOT NULL")),
        Index("ix_notifications_unread", "user_id", postgresql_where=text("read_at IS NULL AND channel = 'in_app'")),
        Index("ix_notifications_appointment_id", "appointment_id"),
        Index("ix_notifications_patient_id", "patient_id"),
        Index("ix_notifications_user_id", "user_id", "created_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[UUID]
    dedupe_key: Mapped[str]
    event: Mapped[str]
    channel: Mapped[str]
    priority: Mapped[str]
    state: Mapped[str] = mapped_column(default=DeliveryState.QUEUED, server_default="QUEUED")
    patient_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    next_attempt_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    sendings: Mapped[int] = mapped_column(default=1, server_default="1")
    phoned_at: Mapped[datetime | None]
    phoned_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None]


class IdempotencyKey(Base):
    """The first answer to a request that may be sent again (api.md, Retries)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime]
