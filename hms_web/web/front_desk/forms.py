"""The forms of the front desk."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SearchField,
    SelectField,
    StringField,
    TelField,
    TimeField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from hms_web.domain.visits import AppointmentType
from hms_web.services.booking import LONGEST_REASON
from hms_web.web import choices
from hms_web.web.formats import TYPES
from hms_web.web.forms import DayField, Form
from hms_web.web.patient_forms import CHOICES as SEXES


class IdField(Field):
    """An id that the page carries along; one that is none counts as missing."""

    data: UUID | None
    widget = HiddenInput()

    def _value(self) -> str:
        return str(self.data) if self.data else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read the id."""
        self.data = None
        with suppress(ValueError):
            self.data = UUID(valuelist[0]) if valuelist else None


class PlaceForm(Form):
    """The time that is asked for, as the page showed it, so that it can be named even when its slot has gone."""

    doctor_id = IdField()
    date = DayField(widget=HiddenInput(), validators=[InputRequired()])
    time = TimeField(widget=HiddenInput(), validators=[InputRequired()])


class MoveForm(PlaceForm):
    """Another time for an appointment; `version` is the one the page showed."""

    version = HiddenField(validators=[Optional()])


class BookingForm(PlaceForm):
    """A booking: the patient, found or new, and what they come for."""

    key = HiddenField(default=lambda: uuid4().hex)
    hold_token = HiddenField()
    q = SearchField(lazy_gettext("Patient"))
    patient_id = IdField()
    is_new = HiddenField()
    name = StringField(lazy_gettext("Name"))
    phone = TelField(lazy_gettext("Phone"))
    date_of_birth = DayField(lazy_gettext("Date of birth"), validators=[Optional()])
    sex = SelectField(lazy_gettext("Sex"), choices=SEXES, default="")
    is_someone_else = BooleanField(lazy_gettext("It is somebody else: add a new patient"))
    reason = StringField(
        lazy_gettext("Reason"), validators=[Length(max=LONGEST_REASON, message=lazy_gettext("Use fewer words."))]
    )
    type = SelectField(lazy_gettext("Type"), choices=choices.of(TYPES), default=AppointmentType.CONSULTATION)
    override_reason = StringField(lazy_gettext("Why book although blocked?"))

    def validate_name(self, field: StringField) -> None:
        """A new patient has a name."""
        if self.is_new.data and not (field.data or "").strip():
            raise ValidationError(lazy_gettext("Enter the patient's name."))

    def validate_q(self, _field: SearchField) -> None:
        """A booking is for somebody."""
        if not self.is_new.data and self.patient_id.data is None:
            raise ValidationError(lazy_gettext("Choose a patient: type a name, phone number or MRN, and press Enter."))

    def renew(self) -> None:
        """Give the next try a key of its own: this one has its answer."""
        self.key.data = uuid4().hex
