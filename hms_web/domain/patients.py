"""What a patient record says and when it is refused."""

from enum import StrEnum


class PatientStatus(StrEnum):
    """Whether a patient may book."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class Sex(StrEnum):
    """Administrative sex, with the values of HL7 FHIR."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"
