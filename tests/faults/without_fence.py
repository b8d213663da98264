"""A worker without the fence, for the positive control and nothing else: no setting of the product can do this."""

from hms_web.jobs.run import work
from hms_web.services import leases

leases.GUARD["on"] = False

if __name__ == "__main__":
    work()
