"""Who did not come: when an appointment counts as missed, and what follows for the patient (product.md, No-show)."""

from enum import StrEnum


class NoShowReason(StrEnum):
    """Who found out that a patient did not come."""

    AUTO_TIMEOUT = "AUTO_TIMEOUT"
    MANUAL_STAFF = "MANUAL_STAFF"
    MANUAL_DOCTOR = "MANUAL_DOCTOR"
    PATIENT_CALLED = "PATIENT_CALLED"
