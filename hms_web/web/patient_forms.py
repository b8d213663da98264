"""The form of a patient's record."""

from flask_babel import lazy_gettext
from wtforms import EmailField, SelectField, StringField, TelField
from wtforms.validators import DataRequired, Optional

from hms_web.domain.patients import Sex
from hms_web.services.patients import NewPatient, PatientChange, PatientView
from hms_web.web import choices
from hms_web.web.forms import DayField
from hms_web.web.record_form import RecordForm

SEXES = {
    Sex.FEMALE: lazy_gettext("Female"),
    Sex.MALE: lazy_gettext("Male"),
    Sex.OTHER: lazy_gettext("Other"),
    Sex.UNKNOWN: lazy_gettext("Unknown"),
}
CHOICES = choices.of({"": lazy_gettext("Not said")}) + choices.of(SEXES)


class PatientForm(RecordForm):
    """What a patient's record says. Without a number the hospital gives its next one."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter the patient's name."))])
    phone = TelField(lazy_gettext("Phone"))
    date_of_birth = DayField(lazy_gettext("Date of birth"), [Optional()])
    sex = SelectField(lazy_gettext("Sex"), choices=CHOICES)
    email = EmailField(lazy_gettext("E-mail"))
    mrn = StringField(lazy_gettext("Patient number"))

    @classmethod
    def of(cls, patient: PatientView) -> "PatientForm":
        """The form with what the record says now."""
        return cls(formdata=None, obj=patient)

    @property
    def new(self) -> NewPatient:
        """A patient to be added."""
        return NewPatient(
            name=self.name.data or "",
            phone=self.phone.data or None,
            date_of_birth=self.date_of_birth.data,
            sex=Sex(self.sex.data) if self.sex.data else None,
            email=self.email.data or None,
            mrn=self.mrn.data or None,
        )

    @property
    def change(self) -> PatientChange:
        """The record as it shall be."""
        wanted = self.new
        return PatientChange(
            wanted.name, wanted.phone or "", wanted.date_of_birth, wanted.sex, wanted.email, wanted.mrn or ""
        )
