"""Tables, constraints and indexes, one module a group of nouns."""

from flask_sqlalchemy import SQLAlchemy

from hms_web.models.audit_chain import AuditHead, AuditLink, AuditUnchained
from hms_web.models.base import Base, new_id, new_ids, new_ids_written
from hms_web.models.consultations import Consultation, ConsultationParticipant, Vitals
from hms_web.models.doctor_time import (
    DoctorAbsence,
    DoctorChange,
    DoctorSchedule,
    DoctorSlot,
    HospitalHoliday,
    SlotBlock,
)
from hms_web.models.identity import (
    ApiToken,
    CalendarLink,
    Doctor,
    Hospital,
    LoginSession,
    PasswordLink,
    RecoveryCode,
    SecondFactor,
    User,
)
from hms_web.models.job_health import CronApiKey, CronJobRun, JobAlarm, JobLease
from hms_web.models.messages import MessageProvider, MessageTemplate
from hms_web.models.no_show import NoShowLog, StageAlert
from hms_web.models.plans import AffectedBatch, AffectedStep
from hms_web.models.records import AuditEvent, IdempotencyKey, Notification
from hms_web.models.sessions import ONLY_READS, ReadingSession, RequestSession
from hms_web.models.visits import Appointment, NameWord, Patient, PatientKey, TokenCounter

# Rows stay readable after the commit that ends a use case: pages show what was just written without asking again.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False, "class_": RequestSession})

__all__ = [
    "ONLY_READS",
    "AffectedBatch",
    "AffectedStep",
    "ApiToken",
    "Appointment",
    "AuditEvent",
    "AuditHead",
    "AuditLink",
    "AuditUnchained",
    "Base",
    "CalendarLink",
    "Consultation",
    "ConsultationParticipant",
    "CronApiKey",
    "CronJobRun",
    "Doctor",
    "DoctorAbsence",
    "DoctorChange",
    "DoctorSchedule",
    "DoctorSlot",
    "Hospital",
    "HospitalHoliday",
    "IdempotencyKey",
    "JobAlarm",
    "JobLease",
    "LoginSession",
    "MessageProvider",
    "MessageTemplate",
    "NameWord",
    "NoShowLog",
    "Notification",
    "PasswordLink",
    "Patient",
    "PatientKey",
    "ReadingSession",
    "RecoveryCode",
    "SecondFactor",
    "SlotBlock",
    "StageAlert",
    "TokenCounter",
    "User",
    "Vitals",
    "db",
    "new_id",
    "new_ids",
    "new_ids_written",
]
