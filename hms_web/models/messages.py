"""How a hospital sends its messages, and in which words."""

import datetime as dt
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.notifications import Channel
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, one_of


class MessageProvider(Base):
    """Where a hospital's messages of one channel go. The address holds credentials, so it is kept encrypted."""

    __tablename__ = "message_providers"
    __table_args__ = (UniqueConstraint("hospital_id", "channel"), one_of("channel", Channel))

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    channel: Mapped[str]
    url_encrypted: Mapped[bytes]
    updated_at: Mapped[dt.datetime]
    updated_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class MessageTemplate(Base):
    """A hospital's own words for an event in one language; without a row the product's words are used."""

    __tablename__ = "message_templates"
    __table_args__ = (UniqueConstraint("hospital_id", "event", "language"),)

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    event: Mapped[str]
    language: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[dt.datetime]
    updated_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
