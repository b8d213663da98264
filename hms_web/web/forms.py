"""What every form of the pages shares."""

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, Field

from hms_web.domain.local_time import EARLIEST, LATEST, may_be_meant
from hms_web.domain.refusals import InvalidInput
from hms_web.web import language


class DayField(DateField):
    """A day that can be meant."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day."""
        super().process_formdata(valuelist)
        if self.data is not None and not may_be_meant(self.data):
            self.data = None
            words = lazy_gettext(
                "Enter a day from %(first)s to %(last)s.", first=str(EARLIEST.year), last=str(LATEST.year)
            )
            raise ValueError(words)


# What WTForms says where a form has no words of its own.
WTFORMS = (
    lazy_gettext("Invalid input."),
    lazy_gettext("Not a valid choice."),
    lazy_gettext("Not a valid date value."),
    lazy_gettext("Not a valid decimal value."),
    lazy_gettext("Not a valid integer value."),
    lazy_gettext("Not a valid time value."),
    lazy_gettext("This field is required."),
)


class Own:
    """The catalogue as WTForms asks it."""

    gettext = staticmethod(language.gettext)
    ngettext = staticmethod(language.ngettext)


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose mistakes stand at their fields and in a summary above them.

    `mistakes` is what the summary lists: pairs of a field's id (None for the form as a whole) and a sentence.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """What WTForms says of itself comes from our catalogue too, which has every language that we offer."""

        @staticmethod
        def get_translations(_form: object) -> type["Own"]:
            """Return what translates."""
            return Own

    # Names of the JSON API that are not simply our own in camelCase.
    api_names: Mapping[str, str] = {}

    def refuse(self, sentence: str) -> None:
        """Note a mistake of the form as a whole."""
        self.form_errors.append(sentence)

    def fields_by_api_name(self) -> dict[str, Field]:
        """The fields by the names that services and the JSON API know them by."""
        return {self.api_names.get(field.short_name, camel(field.short_name)): field for field in self}

    def take(self, invalid: InvalidInput) -> None:
        """Put the mistakes that a service found at the fields they are about."""
        names = self.fields_by_api_name()
        for name, sentence in language.mistakes(invalid):
            field = names.get(name)
            if field is None:
                self.refuse(sentence)
            else:
                field.errors = [*field.errors, sentence]

    @property
    def mistakes(self) -> list[tuple[str | None, str]]:
        """Every mistake, those of the whole form first."""
        whole: list[tuple[str | None, str]] = [(None, str(sentence)) for sentence in self.form_errors]
        return whole + [(field.id, str(sentence)) for field in self for sentence in _sentences(field)]


def _sentences(field: Field) -> list[str]:
    return [str(error) for error in field.errors]


def camel(name: str) -> str:
    """A field's name as the JSON API writes it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
