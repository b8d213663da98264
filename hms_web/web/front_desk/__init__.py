"""The front desk: the day of several doctors side by side, and booking into it."""

from hms_web.web.front_desk import actions, keeping
from hms_web.web.front_desk.pages import blueprint

__all__ = ["actions", "blueprint", "keeping"]
