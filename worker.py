"""The background processes: `worker.py work` runs jobs (RQ), `worker.py schedule` says when (rq-scheduler)."""

import sys

from hms_web.config import ConfigError
from hms_web.jobs.run import schedule, work

COMMANDS = {"work": work, "schedule": schedule}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:  # noqa: PLR2004 the program and its one argument
        sys.exit("Usage: worker.py work | worker.py schedule")
    try:
        COMMANDS[sys.argv[1]]()
    except ConfigError as error:
        sys.exit(str(error))
