"""One line of JSON an event, to standard error.

What is logged is chosen, never swept up: no query strings, no bodies, no addresses of patients. An event names ids and
codes. Each bears the id of the request that it belongs to, also in the job that this request asked for and beside the
calls to providers; a job has an id of its own too.
"""

import json
import logging
import re
import secrets
import sys
import traceback
from contextlib import suppress
from threading import Lock
from typing import TextIO

import structlog
from structlog.types import EventDict, WrappedLogger


class _Lines:
    """Where lines go: to the stream that was chosen last, else to standard error; one whole line after the other."""

    def __init__(self) -> None:
        self.stream: TextIO | None = None
        self._lock = Lock()

    def write(self, line: str) -> None:
        """Write a line. A stream that is gone must not take down whoever tells something."""
        with self._lock, suppress(OSError, ValueError):
            stream = self.stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()


_lines = _Lines()


_render = structlog.processors.JSONRenderer(sort_keys=False)


def _as_json(teller: WrappedLogger, method: str, event: EventDict) -> str | bytes:
    """Write an event as JSON, or at least which it is: who tells something must not fail for what cannot be written."""
    try:
        return _render(teller, method, event)
    except Exception as error:  # noqa: BLE001 whatever a value's own way of being written may raise
        known = {name: str(event.get(name)) for name in ("event", "request_id", "level", "logger", "timestamp")}
        return json.dumps(known | {"unwritten": type(error).__name__})


class _Teller:
    """What structlog hands finished lines to. They do not go through Python's logging, whose records and handlers cost
    a booking a fifteenth of all that the web process does for it (docs/performance.md).
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write a line, whatever its level."""
        _lines.write(line)

    debug = info = warning = error = critical = exception = msg


def configure_logging(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send structlog's events, and those of what speaks to Python's logging in our name, to a stream, alike."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ends: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        _as_json,
    ]
    _lines.stream = stream
    structlog.configure(
        processors=[*shared, *ends],
        logger_factory=_Teller,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[without_meta, *ends])
    )
    root = logging.getLogger("hms_web")
    root.handlers = [handler]
    root.propagate = False
    root.setLevel(level)


REQUEST_ID_HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def begin(given: str | None = None, **more: str) -> str:
    """Begin a request or a job: every event of this thread bears its id from now on. Return that id.

    It is the one that was `given`, if that is one: 8 to 64 letters, digits, dots, dashes, underscores; else a new one.
    """
    request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else secrets.token_hex(10)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id, **more)
    return request_id


def note(**more: str) -> None:
    """Let every event of this request bear this too: ids of staff and codes, nothing about a patient."""
    structlog.contextvars.bind_contextvars(**more)


def end() -> None:
    """Forget the id again."""
    structlog.contextvars.clear_contextvars()


def current() -> str | None:
    """Return the id that is in force, if there is one."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return found if isinstance(found, str) else None


def where(error: BaseException) -> list[str]:
    """Say where an error happened: our own last frames and the very last one, never a message, which quotes values."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return [frame for frame in frames[:-1] if "site-packages" not in frame][-6:] + frames[-1:]
