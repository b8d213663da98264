"""The life of a consultation and who takes part in it (product.md, Consultations)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hms_web.domain.phrases import phrase
from hms_web.domain.validation import line_mistake, note_mistake


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

LONGEST_COMPLAINT = 500
LONGEST_DIAGNOSIS, MOST_DIAGNOSES = 200, 30
LONGEST_NOTES, LONGEST_PRESCRIPTION = 10_000, 5_000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Team:
    """Who takes part: the appointment's own doctor, and the roles of the others."""

    primary: UUID
    others: Mapping[UUID, ParticipantRole]

    def may_write(self, doctor_id: UUID | None) -> bool:
        """Whether a doctor may write down what was found: everybody who takes part."""
        return doctor_id == self.primary or doctor_id in self.others

    def may_lead(self, doctor_id: UUID | None) -> bool:
        """Whether a doctor may end the consultation and say who takes part: the primary one, and who supervises it.

        So that a consultation does not stay open for good when its own doctor is called away.
        """
        supervises = doctor_id is not None and self.others.get(doctor_id) is ParticipantRole.SUPERVISING
        return doctor_id == self.primary or supervises


def missing(chief_complaint: str | None, diagnosis: Sequence[str]) -> list[tuple[str, str]]:
    """Return what a consultation lacks before it can be completed: pairs of field, as the JSON has it, and sentence."""
    lacking: list[tuple[str, str]] = []
    if not chief_complaint:
        lacking.append(("chiefComplaint", phrase("Write down the chief complaint.")))
    if not diagnosis:
        lacking.append(("diagnosis", phrase("Write down at least one diagnosis.")))
    return lacking


def one_line_each(text: str) -> list[str]:
    """Return the lines of a text that say something, each once, in order: a diagnosis a line."""
    return list(dict.fromkeys(line for line in (" ".join(part.split()) for part in text.splitlines()) if line))


def diagnosis_mistake(lines: Sequence[str]) -> str | None:
    """Say what is wrong with the list of diagnoses. ICD-10 codes may be typed, nothing checks them."""
    if len(lines) > MOST_DIAGNOSES:
        return phrase("Write at most %(most)s diagnoses.", most=MOST_DIAGNOSES)
    return next((wrong for wrong in (line_mistake(line, LONGEST_DIAGNOSIS) for line in lines) if wrong), None)


def text_mistakes(texts: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
    """Say what is wrong with the texts of a consultation, by their names in the JSON; a text may be missing."""
    longest = {
        "chiefComplaint": LONGEST_COMPLAINT,
        "notes": LONGEST_NOTES,
        "prescription": LONGEST_PRESCRIPTION,
    }
    return [(name, note_mistake(text, longest[name])) for name, text in texts.items()]
