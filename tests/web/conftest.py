"""What the tests of pages share."""

from tests.web.record_scenes import desk, still_clock

__all__ = ["desk", "still_clock"]
