"""One line of JSON an event, to standard error.

What is logged is chosen, never swept up: no query strings, no bodies, no addresses of patients. An event names ids and
codes. Each bears the id of the request that it belongs to, also in the job that this request asked for and beside the
calls to providers; a job has an id of its own too.
"""

import logging
import re
import secrets
import sys
import traceback

import structlog


def configure_logging(level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's events through the same renderer."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(sort_keys=False),
            ],
        )
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
