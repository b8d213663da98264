"""`worker.py` with a clock that goes on when a test says so: the time stands in a file. No setting can do this."""

import os
import sys
from datetime import datetime
from pathlib import Path

from hms_web import clock
from hms_web.jobs.run import schedule, work

_file = Path(os.environ["TEST_CLOCK"])
clock._from_environment = lambda: datetime.fromisoformat(_file.read_text())

if __name__ == "__main__":
    {"work": work, "schedule": schedule}[sys.argv[1]]()
