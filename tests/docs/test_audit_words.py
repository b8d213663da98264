"""Everything that is written into the audit trail has words on its page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hms_web.domain.alerts import AlertStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.services.failed_sign_ins import Failure
from hms_web.web.audit_words import ACTIONS, KINDS

ROOT = Path(__file__).resolve().parents[2]
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def written() -> Iterator[tuple[str, str]]:
    """The literal actions and kinds of what services record, with the module that does."""
    for module in sorted((ROOT / "hms_web" / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in {"record", "Entry"}:
                continue
            literals = [part.value for part in node.args if isinstance(part, ast.Constant)]
            for value in literals:
                if isinstance(value, str):
                    yield value, module.name


def test_what_is_recorded_has_words() -> None:
    found = list(written())
    assert len(found) > 50
    unknown = {
        (value, module) for value, module in found if value not in (ACTIONS if ACTION.fullmatch(value) else KINDS)
    }
    assert not unknown, "hms_web/web/audit_words.py lacks words for these"


def test_what_is_made_of_a_state_has_words() -> None:
    by_hand = (AppointmentStatus.CONFIRMED, AppointmentStatus.CHECKED_IN, AppointmentStatus.SCHEDULED)
    made = {f"appointment.{status.lower()}" for status in by_hand}
    made |= {f"alert.{status.lower()}" for status in (AlertStatus.ACKNOWLEDGED, AlertStatus.RESOLVED)}
    made |= {f"appointment.consultation_{what}" for what in ("started", "completed", "abandoned")}
    made |= set(Failure)
    assert made <= set(ACTIONS)
