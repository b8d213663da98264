"""`hms replay`: lives a past season of one or more clinics through again (docs/replay.md)."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from hms_web.domain.importing import Unusable
from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.models import db
from hms_web.services import audit_chain
from hms_web.services.replaying import clinics, opening, report, season
from hms_web.services.sealing import SECRET_KEYS

CANNOT_BEGIN, BROKEN_OFF, INTERRUPTED = 2, 3, 130


def register(hms: click.Group, make_app: Callable[[], Flask]) -> None:
    """Add the command to `hms`, over the application that `make_app` makes."""

    @hms.command()
    @click.argument("folder", type=click.Path(path_type=Path))
    @click.option(
        "--until",
        type=click.DateTime(["%Y-%m-%d"]),
        help="The season ends when this day begins; by default the day after the last on which anybody came.",
    )
    @click.option("--timezone", default="Asia/Kolkata", show_default=True, help="The hospital's, an IANA name.")
    @click.option("--name", default=None, help="What the hospital is called; by default after the folder.")
    @click.option("--json", "is_json", is_flag=True, help="Print the counts as JSON and nothing else.")
    def replay(folder: Path, until: datetime | None, timezone: str, name: str | None, *, is_json: bool) -> None:
        """Live a season through again, in a hospital of its own.

        Each subfolder of FOLDER is a clinic with patients.csv, slots.csv and appointments.csv. Everything happens at
        its own time, by a simulated clock, through the use cases of the pages; docs/replay.md says when and how.
        """
        with make_app().app_context():
            live(folder, until.date() if until else None, timezone, name, is_json=is_json)


def live(folder: Path, until: date | None, timezone: str, name: str | None, *, is_json: bool) -> None:
    """Read the clinics, live their season, and say what came of it."""
    began = time.perf_counter()
    try:
        found = clinics.read(folder)
        plan = season.plan(found, timezone=timezone, until=until)
        opens = plan.events[0].at - season.A_DAY
        house = opening.open_hospital(db.session(), name or folder.resolve().name, timezone, found, at=opens)
        audit_chain.begin(db.session(), house.system.hospital_id, secret=current_app.config[SECRET_KEYS])
        with click.progressbar(length=len(plan.events), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            refused = season.live(db.session(), house, plan, advance=bar.update)
        counts = report.of(db.session(), house, refused)
    except Unusable as error:
        _end(str(error), CANNOT_BEGIN)
    except InvalidInput as error:
        _end(" ".join(f"{field}: {sentence}" for field, sentence in error.errors), CANNOT_BEGIN)
    except KeyboardInterrupt:
        _end("It was interrupted; the hospital stays as far as it was lived.", INTERRUPTED)
    except (SQLAlchemyError, Refused) as error:
        _end(f"It was broken off ({type(error).__name__}); the hospital stays as far as it was lived.", BROKEN_OFF)
    if is_json:
        click.echo(json.dumps({"clinics": counts}))
        return
    for line in _lines(counts, plan, time.perf_counter() - began):
        click.echo(line)


def _lines(clinics_counts: Mapping[str, Mapping[str, Any]], plan: season.Plan, seconds: float) -> Iterator[str]:
    yield f"Lived from {plan.first:%Y-%m-%d} to {plan.until:%Y-%m-%d} in {seconds:.0f} s."
    for folder, counts in clinics_counts.items():
        yield f"{folder}:"
        for name, count in counts.items():
            if isinstance(count, Mapping):
                yield f"  {name:<18}{sum(count.values()):>8}"
                yield from (f"    {key:<24}{figure:>8}" for key, figure in sorted(count.items()))
            else:
                yield f"  {name:<18}{count:>8}"


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(code)
