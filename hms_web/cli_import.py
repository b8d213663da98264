"""`hms import`: brings patients and appointments in from the files of another system (docs/import.md)."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from hms_web import clock
from hms_web.domain.identity import Actor
from hms_web.domain.importing import (
    APPOINTMENT_FIELDS,
    COMING_STATUSES,
    MOST_WEEKS,
    PATIENT_FIELDS,
    Field,
    Unusable,
    checked_date_format,
    mapping_of,
    shown,
)
from hms_web.models import db
from hms_web.services.importing import appointments as appointment_import
from hms_web.services.importing import files, rejects
from hms_web.services.importing import patients as patient_import
from hms_web.services.importing.run import Run, actor_for
from hms_web.services.importing.tally import Tally

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

REFUSED, CANNOT_BEGIN, BROKEN_OFF, INTERRUPTED = 1, 2, 3, 130


@dataclass(frozen=True, slots=True)
class Source:
    """What both commands are told about the file and where it goes."""

    file: Path
    hospital: str | None
    maps: tuple[str, ...]
    encoding: str | None
    rejects: Path | None
    date_format: str | None
    is_dry: bool


def register(hms: click.Group, make_app: Callable[[], Flask]) -> None:
    """Add the commands to `hms`, over the application that `make_app` makes."""

    @hms.group("import")
    @click.pass_context
    def import_(context: click.Context) -> None:
        """Bring in patients and appointments from CSV files.

        Ends with 0 if every row went in, was there already or was to be skipped, with 1 if rows were refused, with 2
        if nothing could be begun, with 3 if it was broken off.
        """
        context.obj = make_app

    import_.add_command(patients)
    import_.add_command(appointments)


def about_the_file(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that both have."""
    path = click.Path(path_type=Path)
    options = (
        click.argument("file", type=path),
        click.option("--hospital", metavar="NAME|ID", help="The hospital; not needed if there is only one."),
        click.option("--map", "maps", multiple=True, metavar="OURS=THEIRS", help="Which column a field stands in."),
        click.option("--encoding", help="The file's encoding, if it is neither UTF-8 nor UTF-16."),
        click.option("--date-format", help="How dates are written, such as %d/%m/%Y; by default %Y-%m-%d."),
        click.option("--rejects", type=path, metavar="FILE", help="Where refused rows go; by default beside FILE."),
        click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be imported, and change nothing."),
        click.option("--mrn-prefix", default="", metavar="TEXT", help="Stands before every patient number."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@about_the_file
@click.pass_obj
def patients(make_app: Callable[[], Flask], /, mrn_prefix: str, **source: Any) -> None:  # noqa: ANN401 click's options
    """Import patients. Fields: mrn, name, date_of_birth, sex, phone, email.

    A patient whose number is there already is left as they are.
    """
    about = Source(**source)
    carry_out(
        make_app,
        about,
        PATIENT_FIELDS,
        lambda run: patient_import.bring_in(run, prefix=mrn_prefix, date_format=about.date_format),
    )


def weeks_of(context: click.Context, parameter: click.Parameter, value: str) -> int | None:  # noqa: ARG001
    """Return what `--shift-weeks` says; None is `auto`."""
    if value == "auto":
        return None
    try:
        weeks = int(value)
    except ValueError:
        weeks = MOST_WEEKS + 1
    if abs(weeks) > MOST_WEEKS:
        message = "give a whole number of weeks, or auto."
        raise click.BadParameter(message)
    return weeks


@click.command()
@about_the_file
@click.option("--doctor", metavar="EMAIL|ID", help="The doctor of rows that name none.")
@click.option("--import-prefix", default="", metavar="TEXT", help="Stands before every appointment number.")
@click.option(
    "--shift-weeks",
    callback=weeks_of,
    default="0",
    metavar="N|auto",
    help="Move all dates by whole weeks; auto: so that what is still to come begins now.",
)
@click.option(
    "--only-status",
    "statuses",
    multiple=True,
    default=COMING_STATUSES,
    show_default=True,
    help="Statuses of appointments that are still to come; rows of others are skipped.",
)
@click.pass_obj
def appointments(
    make_app: Callable[[], Flask],
    /,
    *,
    doctor: str | None,
    import_prefix: str,
    shift_weeks: int | None,
    statuses: Sequence[str],
    mrn_prefix: str,
    **source: Any,  # noqa: ANN401
) -> None:
    """Import appointments still to come. Fields: mrn, date, time, number, doctor, status, type, reason.

    Each is booked by the rules of every booking; no messages are sent. Rows that are past, or of another status, are
    skipped.
    """
    about = Source(**source)
    options = appointment_import.Options(
        doctor, mrn_prefix, import_prefix, about.date_format, tuple(statuses), shift_weeks
    )
    carry_out(make_app, about, APPOINTMENT_FIELDS, lambda run: appointment_import.bring_in(run, options))


def carry_out(
    make_app: Callable[[], Flask], source: Source, fields: Sequence[Field], bring_in: Callable[[Run], None]
) -> None:
    """Read the file, import it, report, and end with the exit code that says how it went."""
    table, tally = read_table(source, fields), Tally()
    broken: tuple[str, int] | None = None
    with application(make_app).app_context():
        kept, actor = begin(source, table)
        began = time.perf_counter()
        try:
            with kept, progress(table.count) as bar:
                advance: Callable[[int], None] = bar.update
                bring_in(Run(db.session(), actor, table, tally, kept, clock.now(), source.is_dry, advance))
        except Unusable as error:
            end(str(error), CANNOT_BEGIN)
        except KeyboardInterrupt:
            broken = "It was interrupted", INTERRUPTED
        except (SQLAlchemyError, OSError) as error:
            broken = f"It was broken off ({reason_of(error)})", BROKEN_OFF
    for line in report_lines(source, table.count, tally, kept, time.perf_counter() - began):
        click.echo(line)
    if broken:
        end(f"{broken[0]}: what was imported so far stays. Run it again to go on.", broken[1])
    sys.exit(REFUSED if tally.refused else 0)


def read_table(source: Source, fields: Sequence[Field]) -> files.Table:
    """Return the file, read and understood; otherwise end."""
    try:
        mapping = mapping_of(source.maps, fields)
        if source.date_format is not None:
            checked_date_format(source.date_format)
    except Unusable as error:
        end(str(error), CANNOT_BEGIN)
    try:
        return files.read(source.file, fields, mapping, encoding=source.encoding)
    except Unusable as error:
        end(f"{shown(source.file.name)}: {error}", CANNOT_BEGIN)


def application(make_app: Callable[[], Flask]) -> Flask:
    """Return the application; a setting that is wrong ends the import before it began."""
    try:
        return make_app()
    except click.ClickException as error:
        end(error.message, CANNOT_BEGIN)


def begin(source: Source, table: files.Table) -> tuple[rejects.Rejects, Actor]:
    """Return where refused rows go and for whom the import is; otherwise end."""
    try:
        actor = actor_for(db.session(), source.hospital)
        return rejects.Rejects(rejects.places_for(source.file, source.rejects), source.file, table), actor
    except Unusable as error:
        end(str(error), CANNOT_BEGIN)
    except SQLAlchemyError as error:
        end(f"The database cannot be used ({reason_of(error)}).", CANNOT_BEGIN)


def progress(rows: int) -> "ProgressBar[int]":
    """Return a progress bar on the terminal, which is silent where there is none."""
    return click.progressbar(length=rows, file=sys.stderr, hidden=not sys.stderr.isatty())


def reason_of(error: Exception) -> str:
    """Return what went wrong, without the values of a statement, which are patients' data."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__


def end(sentence: str, code: int) -> NoReturn:
    """Say why it ends, and end."""
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(code)


def report_lines(source: Source, rows: int, tally: Tally, kept: rejects.Rejects, seconds: float) -> Iterator[str]:
    """Return what came of an import, line by line."""
    if source.is_dry:
        yield "Dry run: nothing was changed."
    yield f"{shown(source.file.name)}: {tally.read} of {rows} rows in {seconds:.1f} s"
    yield f"  {'would be imported' if source.is_dry else 'imported':<22}{tally.imported:>8}"
    yield f"  {'already there':<22}{tally.already_there:>8}"
    for name, counts in (("skipped", tally.skipped), ("refused", tally.refused)):
        yield f"  {name:<22}{counts.total():>8}"
        yield from (f"    {reason:<28}{count:>8}" for reason, count in counts.most_common())
    again = ""
    if tally.weeks:
        again = f" and --shift-weeks {tally.weeks}"
        yield f"Dates were moved by {tally.weeks} week{'' if abs(tally.weeks) == 1 else 's'}."
    if kept.count:
        yield f"The refused rows are in {kept.path}."
        yield f"Correct them there and import that file with the same options{again}."
