"""What a doctor's record says and when it is refused."""

from hms_web.domain.phrases import phrase
from hms_web.domain.schedules import MAX_SLOT_MINUTES, MIN_SLOT_MINUTES
from hms_web.domain.validation import line_mistake

LONGEST_DEPARTMENT = 80
MOST_PATIENTS = 500


def department_mistake(department: str) -> str | None:
    """Say what is wrong with the name of a department."""
    return line_mistake(department, LONGEST_DEPARTMENT)


def duration_mistake(minutes: int) -> str | None:
    """Say what is wrong with the length of a doctor's slots."""
    if MIN_SLOT_MINUTES <= minutes <= MAX_SLOT_MINUTES:
        return None
    return phrase("A slot lasts %(least)s to %(most)s minutes.", least=MIN_SLOT_MINUTES, most=MAX_SLOT_MINUTES)


def maximum_mistake(patients: int) -> str | None:
    """Say what is wrong with the most patients that a doctor sees in a day."""
    return None if 1 <= patients <= MOST_PATIENTS else phrase("Give a number from 1 to %(most)s.", most=MOST_PATIENTS)
