"""Runs of periodic jobs: where they come from, how they end, and when their silence is alarming (product.md, Jobs)."""

from enum import StrEnum


class JobName(StrEnum):
    """A job that runs for each hospital under a lease."""

    NO_SHOW_CHECK = "NO_SHOW_CHECK"


class RunSource(StrEnum):
    """Who set a run off."""

    SCHEDULER = "SCHEDULER"
    EXTERNAL = "EXTERNAL"
    MANUAL = "MANUAL"


class RunStatus(StrEnum):
    """How a run ended, or that it has not; LOST is one whose lease ran out, which counts as a failure."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    LOST = "LOST"
