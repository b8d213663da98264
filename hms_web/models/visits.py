"""Patients and their appointments."""

import datetime as dt
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hms_web.domain.affected import AffectedCause
from hms_web.domain.patients import PatientStatus, Sex
from hms_web.domain.visits import INACTIVE, AppointmentStatus, AppointmentType
from hms_web.models.base import Base, CreatedAt, HospitalId, Id, in_hospital, one_of

ACTIVE = text("status NOT IN ({})".format(", ".join(f"'{status}'" for status in sorted(INACTIVE))))
"""The condition under which an appointment takes its doctor's and its patient's time."""

DUE = text("status IN ('SCHEDULED', 'CONFIRMED') AND affected_cause IS NULL AND no_show_review_at IS NULL")
"""The condition under which an appointment becomes a no-show when its time has gone by (product.md, No-show)."""

UNANSWERED = text(
    "status IN ('SCHEDULED', 'CONFIRMED') AND no_show_review_at IS NOT NULL AND no_show_answered_at IS NULL"
)
"""The condition under which somebody has to say whether an appointment's patient came."""


class Patient(Base):
    """A person who is treated. `mrn` is the hospital's own patient number."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        UniqueConstraint("hospital_id", "mrn"),
        one_of("status", PatientStatus),
        one_of("sex", Sex),
        CheckConstraint("no_show_count >= 0", name="no_show_count"),
        Index("ix_patients_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index(
            "ix_patients_phone_trgm",
            "phone_digits",
            postgresql_using="gin",
            postgresql_ops={"phone_digits": "gin_trgm_ops"},
        ),
        Index("ix_patients_mrn_trgm", "mrn", postgresql_using="gin", postgresql_ops={"mrn": "gin_trgm_ops"}),
        Index("ix_patients_hospital_id_name", "hospital_id", "name", "id"),
        Index("ix_patients_blocked", "hospital_id", "name", "id", postgresql_where=text("status = 'BLOCKED'")),
    )

    id: Mapped[Id]
    hospital_id: Mapped[HospitalId]
    mrn: Mapped[str]
    name: Mapped[str]
    phone: Mapped[str | None]
    phone_digits: Mapped[str | None] = mapped_column(
        Computed("regexp_replace(phone, '[^0-9]', '', 'g')", persisted=True)
    )
    email: Mapped[str | None]
    date_of_birth: Mapped[dt.date | None]
    sex: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=PatientStatus.ACTIVE, server_default="ACTIVE")
    no_show_count: Mapped[int] = mapped_column(default=0, server_default="0")
    lifetime_no_shows: Mapped[int] = mapped_column(default=0, server_default="0")
    blocked_at: Mapped[dt.datetime | None]
    blocked_reason: Mapped[str | None]
    is_auto_blocked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[CreatedAt]


class PatientKey(Base):
    """What a patient is found by, in the order of an index: only triggers on `patients` write it.

    `kind` 0 is the name in small letters; 1 the name from a later word on, then a tab and what stands before that word;
    2 the MRN in small letters; 3 the digits of the phone number from its end. There is no foreign key: a key without
    its patient would find nobody.
    """

    __tablename__ = "patient_keys"
    __table_args__ = (
        Index(
            "ix_patient_keys_fives",
            text("fives_of(key)"),
            postgresql_using="gin",
            postgresql_where=text("kind = 3"),
            postgresql_with={"fastupdate": "off"},
        ),
    )

    hospital_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)


class NameWord(Base):
    """A word in the names of a hospital's patients, in small letters, and who brought it: written by the same triggers.

    Two who bring one at once leave it twice, and it stays when nobody has it any more: then it finds nobody.
    """

    __tablename__ = "name_words"
    __table_args__ = (
        Index("ix_name_words_trgm", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
    )

    hospital_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)


class Appointment(Base):
    """A patient's time with a doctor. The database itself refuses two active ones of a doctor, or of a patient, that
    overlap. `kept_cause` is what somebody decided to keep it in spite of; `no_show_review_at` is set on one whose time
    went by so long ago, during an outage, that a person has to say whether the patient came; `no_show_answered_at` when
    somebody said so.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("hospital_id", "id"),
        in_hospital("patient_id", "patients"),
        in_hospital("doctor_id", "doctors"),
        one_of("status", AppointmentStatus),
        one_of("type", AppointmentType),
        one_of("affected_cause", AffectedCause),
        one_of("kept_cause", AffectedCause),
        CheckConstraint("starts_at < ends_at", name="span"),
        ExcludeConstraint(
            ("doctor_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            where=ACTIVE,
            name="ex_appointments_doctor_overlap",
            using="gist",
        ),
        ExcludeConstraint(
            ("patient_id", "="),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            where=ACTIVE,
            name="ex_appointments_patient_overlap",
            using="gist",
        ),
        Index("uq_appointments_doctor_id_date_token_number", "doctor_id", "date", "token_number", unique=True),
        Index(
            "uq_appointments_import_key",
            "hospital_id",
            "import_key",
            unique=True,
            postgresql_where=text("import_key IS NOT NULL"),
        ),
        Index("ix_appointments_hospital_id_starts_at", "hospital_id", "starts_at", "id"),
        Index("ix_appointments_doctor_id_starts_at", "doctor_id", "starts_at"),
        Index("ix_appointments_patient_id_starts_at", "patient_id", "starts_at"),
        Index(
            "ix_appointments_affected", "hospital_id", "doctor_id", postgresql_where=text("affected_cause IS NOT NULL")
        ),
        Index("ix_appointments_due", "hospital_id", "ends_at", postgresql_where=DUE),
        Index("ix_appointments_waiting", "hospital_id", "starts_at", postgresql_where=text("status = 'CHECKED_IN'")),
        Index("ix_appointments_no_show_review", "hospital_id", "starts_at", postgresql_where=UNANSWERED),
    )

    id: Mapped[Id]
    hospital_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    doctor_id: Mapped[UUID]
    date: Mapped[dt.date]
    start_time: Mapped[dt.time]
    end_time: Mapped[dt.time]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    slot_minutes: Mapped[int]
    status: Mapped[str] = mapped_column(default=AppointmentStatus.SCHEDULED)
    type: Mapped[str] = mapped_column(default=AppointmentType.CONSULTATION)
    reason: Mapped[str | None]
    notes: Mapped[str | None]
    token_number: Mapped[int]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    checked_in_at: Mapped[dt.datetime | None]
    vitals_recorded_at: Mapped[dt.datetime | None]
    cancelled_at: Mapped[dt.datetime | None]
    cancel_reason: Mapped[str | None]
    affected_cause: Mapped[str | None]
    affected_at: Mapped[dt.datetime | None]
    kept_cause: Mapped[str | None]
    no_show_review_at: Mapped[dt.datetime | None]
    no_show_answered_at: Mapped[dt.datetime | None]
    import_key: Mapped[str | None]
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]


class TokenCounter(Base):
    """The last token number that a doctor's day has given; it only goes up, so none is ever told to two patients."""

    __tablename__ = "token_counters"
    __table_args__ = (in_hospital("doctor_id", "doctors"),)

    doctor_id: Mapped[UUID] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    hospital_id: Mapped[UUID]
    last_number: Mapped[int]
