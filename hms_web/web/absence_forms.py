"""The form of leave, for entering it and for changing it."""

from datetime import date
from typing import cast

from flask_babel import lazy_gettext
from wtforms import SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Optional

from hms_web.domain.absences import AbsenceType
from hms_web.domain.refusals import Code, Refused
from hms_web.services.absences import AbsenceChange, AbsenceEffect, AbsenceView, NewAbsence
from hms_web.web import choices, refusals, shown
from hms_web.web.forms import DayField, Form

TYPES = {
    AbsenceType.ANNUAL_LEAVE: lazy_gettext("Annual leave"),
    AbsenceType.SICK_LEAVE: lazy_gettext("Sick leave"),
    AbsenceType.CONFERENCE: lazy_gettext("Conference"),
    AbsenceType.TRAINING: lazy_gettext("Training"),
    AbsenceType.PERSONAL: lazy_gettext("Personal"),
    AbsenceType.EMERGENCY: lazy_gettext("Emergency: cancels appointments"),
    AbsenceType.OTHER: lazy_gettext("Other"),
}


class AbsenceForm(Form):
    """When and why a doctor is away; without hours, whole days."""

    absence_type = SelectField(lazy_gettext("Kind"), choices=choices.of(TYPES))
    start_date = DayField(lazy_gettext("First day"), [InputRequired(lazy_gettext("Enter the first day."))])
    end_date = DayField(lazy_gettext("Last day"), [Optional()])
    start_time = TimeField(lazy_gettext("From"), [Optional()])
    end_time = TimeField(lazy_gettext("Until"), [Optional()])
    reason = StringField(lazy_gettext("Reason"))

    @classmethod
    def on(cls, first: date | None, last: date | None) -> "AbsenceForm":
        """A new form for the days that were picked in the calendar, if any."""
        form = cls(formdata=None)
        form.absence_type.data = next(iter(TYPES))
        form.start_date.data, form.end_date.data = first, last
        return form

    @classmethod
    def of(cls, absence: AbsenceView) -> "AbsenceForm":
        """The form of leave as it is entered."""
        return cls(formdata=None, obj=absence)

    @property
    def wanted(self) -> NewAbsence:
        """The absence; only of a form that is valid. Without a last day it is one day."""
        first = cast("date", self.start_date.data)
        return NewAbsence(
            absence_type=AbsenceType(self.absence_type.data),
            start_date=first,
            end_date=self.end_date.data or first,
            is_full_day=self.start_time.data is None and self.end_time.data is None,
            start_time=self.start_time.data,
            end_time=self.end_time.data,
            reason=self.reason.data or None,
        )

    @property
    def change(self) -> AbsenceChange:
        """The same as a change of leave that is entered already; only of a form that is valid."""
        wanted = self.wanted
        return AbsenceChange(
            absence_type=wanted.absence_type,
            start_date=wanted.start_date,
            end_date=wanted.end_date,
            is_full_day=wanted.is_full_day,
            start_time=wanted.start_time,
            end_time=wanted.end_time,
            reason=wanted.reason,
        )

    def note(self, error: Refused) -> None:
        """Note that another absence is in the way; any other refusal goes on as it is."""
        if error.refusal.code is not Code.ABSENCE_OVERLAP:
            raise error
        self.refuse(refusals.sentence(error.refusal))

    def parts(self, effect: AbsenceEffect | None) -> dict[str, object]:
        """What the templates ask of the form and of what it would do."""
        concerned = effect.concerned if effect else []
        return {
            "form": self,
            "effect": effect,
            "fingerprint": shown.fingerprint(concerned),
            "news": shown.new_among(concerned),
        }
