"""The forms of a doctor's record."""

from flask_babel import lazy_gettext
from wtforms import EmailField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired

from hms_web.services.doctors import DoctorChange, DoctorView, NewDoctor
from hms_web.web.record_form import RecordForm


class DoctorForm(RecordForm):
    """What can be changed of a doctor."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter the doctor's name."))])
    department = StringField(lazy_gettext("Department"), [DataRequired(lazy_gettext("Enter the department."))])
    slot_duration = IntegerField(
        lazy_gettext("Length of a slot, in minutes"), [InputRequired(lazy_gettext("Enter a number of minutes."))]
    )
    max_patients_per_day = IntegerField(
        lazy_gettext("Most patients in a day"), [InputRequired(lazy_gettext("Enter a number of patients."))]
    )

    @classmethod
    def of(cls, doctor: DoctorView) -> "DoctorForm":
        """The form with what the record says now."""
        return cls(formdata=None, obj=doctor)

    @property
    def change(self) -> DoctorChange:
        """The record as it shall be; only of a form that is valid."""
        return DoctorChange(
            name=self.name.data or "",
            department=self.department.data or "",
            slot_duration=self.slot_duration.data or 0,
            max_patients_per_day=self.max_patients_per_day.data or 0,
        )


class NewDoctorForm(DoctorForm):
    """A doctor to be added, with the address of the account."""

    email = EmailField(
        lazy_gettext("E-mail"), [DataRequired(lazy_gettext("Enter the e-mail address to sign in with."))]
    )

    @classmethod
    def fresh(cls) -> "NewDoctorForm":
        """The form with the usual figures."""
        return cls(formdata=None, data={"slot_duration": 30, "max_patients_per_day": 30})

    @property
    def new(self) -> NewDoctor:
        """A doctor to be added; only of a form that is valid."""
        return NewDoctor(
            name=self.name.data or "",
            email=self.email.data or "",
            department=self.department.data or "",
            slot_duration=self.slot_duration.data or 0,
            max_patients_per_day=self.max_patients_per_day.data or 0,
        )
