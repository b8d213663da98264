"""The codes with which rules refuse."""

from hms_web.domain.refusals import Code
from tests.servers import ROOT


def test_every_code_is_used_somewhere() -> None:
    declared = {"domain/refusals.py", "services/wording.py"}
    sources = [
        path.read_text()
        for path in (ROOT / "hms_web").rglob("*.py")
        if path.relative_to(ROOT / "hms_web").as_posix() not in declared
    ]
    assert [code for code in Code if not any(f"Code.{code.name}" in source for source in sources)] == []
