"""The life of a consultation and who takes part in it (product.md, Consultations)."""

from enum import StrEnum


class ConsultationStatus(StrEnum):
    """Where a consultation stands."""

    STARTED = "STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    ABANDONED = "ABANDONED"


class ParticipantRole(StrEnum):
    """What a doctor does in a consultation; PRIMARY is the appointment's own doctor."""

    PRIMARY = "PRIMARY"
    CONSULTING = "CONSULTING"
    ASSISTING = "ASSISTING"
    SUPERVISING = "SUPERVISING"


S = ConsultationStatus

OPEN = frozenset({S.STARTED, S.IN_PROGRESS})
"""Statuses of a consultation that still goes on."""
