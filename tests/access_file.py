"""What docs/access.txt says."""

from hms_web.domain.identity import Role
from tests.servers import ROOT

Right = dict[Role | None, str]


def rights() -> dict[tuple[str, str], Right]:
    """Return, for each method and route, the word of each role, and of nobody under None."""
    lines = [
        line.split() for line in (ROOT / "docs" / "access.txt").read_text().splitlines() if line[:1] not in {"#", ""}
    ]
    head, *rows = lines
    columns: list[Role | None] = [Role(name) for name in head[2:-1]] + [None]
    return {(method, route): dict(zip(columns, words, strict=True)) for route, method, *words in rows}
