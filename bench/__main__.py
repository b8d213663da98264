"""`python -m bench`: measures, prints, and writes docs/performance.md when everything was measured."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import house as houses
from bench import report
from bench.figures import Row
from bench.parts import boards, booking, large, memory, pages, replay, slots, soak, sweep
from bench.run import Broken, Options

ALL = (pages, booking, boards, slots, sweep, replay, large, memory, soak)
PARTS = {part.__name__.rpartition(".")[2]: part for part in ALL}


def main() -> int:
    """Run what was asked for; return the process's status."""
    asked = _asked()
    long = {"scale": asked.scale, "requests": asked.requests, "minutes": asked.minutes}
    options = Options(asked.seconds, asked.rounds, tuple(asked.only), asked.clinics, **long)
    with tempfile.TemporaryDirectory(prefix="hms-bench-") as made:
        folder = asked.data or Path(made)
        folder.chmod(0o755)  # root's PostgreSQL runs as somebody else, who has to walk through
        with houses.standing(folder, say=_say) as house:
            _say(report.heading())
            rows, broken = _measured(house, options, asked.parts)
            figures = report.table(house, options, rows)
    if not asked.parts and not options.only and not broken and not asked.dry:
        report.write(report.PAGE, figures)
        _say(f"Written to {report.PAGE.name}.")
    return 1 if broken else 0


def _measured(house: houses.House, options: Options, parts: list[str]) -> tuple[list[Row], int]:
    rows: list[Row] = []
    broken = 0
    for name, part in PARTS.items():
        if parts and name not in parts:
            continue
        try:
            for row in part.measure(house, options):
                rows.append(row)
                _say(report.line(row))
        except Broken as error:
            broken += 1
            _say(f"{name}: {error}")
    return rows, broken


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all without any")
    parser.add_argument("--seconds", type=float, default=4, help="how long a round lasts")
    parser.add_argument("--rounds", type=int, default=5, help="how many rounds each side has")
    parser.add_argument("--only", action="append", default=[], help="what has this word in its name")
    parser.add_argument("--clinics", type=Path, help="a folder of clinics, to replay its season")
    parser.add_argument("--scale", type=int, default=0, help="large: how many times 50,000 appointments, up to 100")
    parser.add_argument("--requests", type=int, default=0, help="memory: over how many requests")
    parser.add_argument("--minutes", type=float, default=0, help="soak: how long")
    parser.add_argument("--data", type=Path, help="keep the data here, for the next run of the same day")
    parser.add_argument("--dry", action="store_true", help="leave docs/performance.md as it is")
    return parser.parse_args()


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
