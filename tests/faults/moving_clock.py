"""gunicorn's settings for servers whose clock goes on while they run: the time stands in a file. They may lock no rows.

Both switches are thrown here, in the tests, before the processes fork: no setting of the product can do it.
"""

import os
import runpy
from datetime import datetime
from pathlib import Path

from hms_web import clock
from hms_web.services import locks

_file = Path(os.environ["TEST_CLOCK"])
clock._from_environment = lambda: datetime.fromisoformat(_file.read_text())
locks.GUARD["on"] = os.environ.get("TEST_LOCKS") != "off"
globals().update(runpy.run_path("gunicorn.conf.py"))
