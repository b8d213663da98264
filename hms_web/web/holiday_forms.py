"""The form of a holiday, for adding and for changing one, and what its templates ask."""

import datetime as dt
from typing import cast

from flask_babel import lazy_gettext
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, InputRequired

from hms_web.domain.refusals import Code, Refused
from hms_web.services.holidays import HolidayChange, HolidayForeseen, HolidayView, NewHoliday
from hms_web.web import refusals, shown
from hms_web.web.forms import DayField
from hms_web.web.record_form import RecordForm


class HolidayForm(RecordForm):
    """A day to be closed, once or every year."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter a name; refusals mention it."))])
    date = DayField(lazy_gettext("Day"), [InputRequired(lazy_gettext("Enter the day."))])
    is_recurring = BooleanField(lazy_gettext("Every year on this day"))
    description = StringField(lazy_gettext("Description"))

    @classmethod
    def of(cls, holiday: HolidayView) -> "HolidayForm":
        """The form of a holiday as it is entered."""
        return cls(formdata=None, obj=holiday)

    @property
    def wanted(self) -> NewHoliday:
        """The holiday; only of a form that is valid."""
        return NewHoliday(
            name=self.name.data or "",
            date=cast("dt.date", self.date.data),
            is_recurring=bool(self.is_recurring.data),
            description=self.description.data or None,
        )

    @property
    def change(self) -> HolidayChange:
        """The same as a change of one that is entered already; only of a form that is valid."""
        wanted = self.wanted
        return HolidayChange(wanted.name, wanted.date, wanted.is_recurring, description=wanted.description)

    def note(self, error: Refused) -> None:
        """Note that another holiday closes that day; any other refusal goes on as it is."""
        if error.refusal.code is not Code.HOLIDAY_EXISTS:
            raise error
        self.date.errors = [*self.date.errors, refusals.sentence(error.refusal)]

    def parts(self, foreseen: HolidayForeseen | None) -> dict[str, object]:
        """What the templates ask of the form and of what it would do."""
        return {"form": self, **parts(foreseen)}


def parts(foreseen: HolidayForeseen | None) -> dict[str, object]:
    """What the templates ask of what a change would do."""
    concerned = foreseen.concerned if foreseen else []
    return {
        "foreseen": foreseen,
        "fingerprint": shown.fingerprint(concerned),
        "news": shown.new_among(concerned),
    }
