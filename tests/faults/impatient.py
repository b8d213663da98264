"""gunicorn's settings for a server that gives a silent scheduler 24 seconds and not two minutes; for its test alone."""

import runpy
from datetime import timedelta

from hms_web.domain import scheduler_pulse

scheduler_pulse.LONGEST_WITHOUT_A_LOOK = timedelta(seconds=24)
globals().update(runpy.run_path("gunicorn.conf.py"))
