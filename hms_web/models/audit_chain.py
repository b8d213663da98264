"""The chain over the audit trail: what waits for its link, the links, and the signed head of each hospital."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.models.base import Base, CreatedAt, HospitalId


class AuditUnchained(Base):
    """An event that has no link yet. A trigger writes it in the transaction of the event itself.

    Like a link it refers to its event without a foreign key: what is left when an event has gone is what shows it.
    """

    __tablename__ = "audit_unchained"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    hospital_id: Mapped[HospitalId]
    queued_at: Mapped[CreatedAt]


class AuditLink(Base):
    """An event's place in the chain of its hospital: 1, 2, 3 … without a gap. Triggers refuse every change of a row."""

    __tablename__ = "audit_links"

    hospital_id: Mapped[UUID] = mapped_column(ForeignKey("hospitals.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    hash: Mapped[bytes]
    chained_at: Mapped[datetime]


class AuditHead(Base):
    """The last link of a hospital, signed with a key that the database does not know. Its row is the chain's lock."""

    __tablename__ = "audit_heads"

    hospital_id: Mapped[UUID] = mapped_column(ForeignKey("hospitals.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    signature: Mapped[bytes]
