"""One line of JSON an event, to standard error.

What is logged is chosen, never swept up: no query strings, no bodies, no addresses of patients. An event names ids and
codes.
"""

import logging
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


def where(error: BaseException) -> list[str]:
    """Say where an error happened: our own last frames and the very last one, never a message, which quotes values."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return [frame for frame in frames[:-1] if "site-packages" not in frame][-6:] + frames[-1:]
