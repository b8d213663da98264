"""Hospitals, their users, and what proves who a user is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.identity import Role
from hms_web.domain.messages import Language
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, in_hospital, one_of


class Hospital(Base):
    """A tenant: everything else lies inside one."""

    __tablename__ = "hospitals"

    id: Mapped[Id]
    name: Mapped[str]
    timezone: Mapped[str]
    message_language: Mapped[str] = mapped_column(default="en", server_default="en")
    last_mrn: Mapped[int] = mapped_column(default=0, server_default="0")
    admins_need_second_factor: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    calendars_show_names: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[CreatedAt]


class User(Base):
    """A person who signs in. The e-mail address is the sign-in name and belongs to one user in all hospitals."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        one_of("role", Role),
        one_of("language", Language),
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    language: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class LoginSession(Base):
    """A browser's signed-in session; only a hash of its secret is kept.

    While it `awaits_factor` the password was right, and nobody is signed in yet. `device` is what its browser says it
    is, in a few words.
    """

    __tablename__ = "login_sessions"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    awaits_factor: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    device: Mapped[str | None]


class ApiToken(Base):
    """A bearer token; only a hash of it is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """An authenticator app of a user. Its secret is encrypted; it counts once a first code has confirmed it.

    `last_step` is the half minute of the newest code that was used: no code is taken twice. Until it counts it belongs
    to the browser session in which it was begun.
    """

    __tablename__ = "second_factors"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), unique=True)
    secret_encrypted: Mapped[bytes]
    begun_in_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that stands in for the app, once; only a hash of it is kept.

    `is_short` is one of the former length; nothing makes such ones any more.
    """

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    is_short: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class PasswordLink(Base):
    """A link with which a user sets a password, once."""

    __tablename__ = "password_links"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Doctor(Base):
    """A user who sees patients. Name, e-mail and whether the account is active stand on the user."""

    __tablename__ = "doctors"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        in_hospital("user_id", "users"),
        CheckConstraint("slot_duration BETWEEN 5 AND 240", name="slot_duration"),
        CheckConstraint("max_patients_per_day BETWEEN 1 AND 500", name="max_patients_per_day"),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    user_id: Mapped[UUID] = mapped_column(unique=True)
    department: Mapped[str]
    slot_duration: Mapped[int] = mapped_column(default=30)
    max_patients_per_day: Mapped[int] = mapped_column(default=30)
    is_available: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[CreatedAt]


class CalendarLink(Base):
    """A secret address under which a doctor's calendar can be read; only a hash of the secret is kept."""

    __tablename__ = "calendar_links"
    __table_args__ = (in_hospital("doctor_id", "doctors"), Index("ix_calendar_links_doctor_id", "doctor_id"))

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    doctor_id: Mapped[UUID]
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
