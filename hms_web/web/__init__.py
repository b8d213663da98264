"""The pages: blueprints, forms and htmx. Views are thin: they read a request, call a service and render its answer."""

from flask import Flask

from hms_web.web import (
    assets,
    auth,
    csrf,
    errors,
    formats,
    home,
    htmx,
    language,
    language_choice,
    message_words,
    navigation,
    privacy,
    second_step,
    sign_in,
    stored,
    watch,
)
from hms_web.web.front_desk import blueprint as front_desk
from hms_web.web.records import BLUEPRINTS as RECORDS

# The second step adds its views to the blueprint of the first, when it is imported.
MODULES = (second_step,)


def register(app: Flask) -> None:
    """Add the pages to the application."""
    for part in (
        assets,
        htmx,
        language,
        auth,
        csrf,
        privacy,
        formats,
        stored,
        message_words,
        navigation,
        errors,
        watch,
    ):
        part.init_app(app)
    for blueprint in (sign_in.blueprint, language_choice.blueprint, home.blueprint, front_desk, *RECORDS):
        app.register_blueprint(blueprint)
