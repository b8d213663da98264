"""gunicorn's settings for servers that lock no rows, for the positive controls and nothing else.

The switch is thrown here, in the tests, before the processes fork: no setting of the product can do it.
"""

import runpy

from hms_web.services import locks

locks.GUARD["on"] = False
globals().update(runpy.run_path("gunicorn.conf.py"))
