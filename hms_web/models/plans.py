"""What was done to affected appointments in one go, so that it can be undone in one go."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.affected import AffectedAction, AffectedCause
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, in_hospital, one_of


class AffectedBatch(Base):
    """A plan for affected appointments that was applied; `reason` is that of its cancellations."""

    __tablename__ = "affected_batches"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        Index("ix_affected_batches_hospital_id_created_at", "hospital_id", "created_at"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]
    reason: Mapped[str | None]
    undone_at: Mapped[dt.datetime | None]
    undone_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class AffectedStep(Base):
    """What a batch did to one appointment: where it stood before and after, or why it was refused.

    `version` is the appointment's after the step; an appointment that somebody changed since is not undone. The facts
    of a refusal are what its sentence names.
    """

    __tablename__ = "affected_steps"
    __table_args__ = (
        in_hospital("batch_id", "affected_batches"),
        in_hospital("appointment_id", "appointments"),
        in_hospital("from_doctor_id", "doctors"),
        in_hospital("to_doctor_id", "doctors"),
        one_of("action", AffectedAction),
        one_of("cause", AffectedCause),
        UniqueConstraint("batch_id", "appointment_id"),
        Index("ix_affected_steps_appointment_id", "appointment_id"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    batch_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    action: Mapped[str]
    cause: Mapped[str | None]
    affected_at: Mapped[dt.datetime | None]
    version: Mapped[int | None]
    from_doctor_id: Mapped[UUID]
    from_starts_at: Mapped[dt.datetime]
    from_ends_at: Mapped[dt.datetime]
    from_token_number: Mapped[int]
    from_slot_minutes: Mapped[int]
    to_doctor_id: Mapped[UUID | None]
    to_starts_at: Mapped[dt.datetime | None]
    refusal: Mapped[str | None]
    refusal_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    undone_at: Mapped[dt.datetime | None]
    undo_refusal: Mapped[str | None]
    undo_refusal_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
