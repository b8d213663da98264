"""How long somebody has waited, in words."""

from datetime import timedelta

from hms_web.web.language import gettext

MINUTE = timedelta(minutes=1)


def passed_words(passed: timedelta) -> str:
    """How long something has lasted: minutes, or hours and minutes."""
    hours, minutes = divmod(max(0, passed // MINUTE), 60)
    return (
        gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
        if hours
        else gettext("%(num)s min", num=minutes)
    )
