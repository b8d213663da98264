"""Reads what was sent into typed requests, or says what is wrong with it."""

import json
from typing import Any, NoReturn, TypeVar

from flask import current_app, request
from pydantic import ValidationError

from hms_web.api.problems import Problem, Wrong
from hms_web.api.shapes import Body, Query
from hms_web.domain.refusals import InvalidInput

B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)

JSON = "application/json"
WHOLE_BODY = "body"
# Of what is wrong, so much is told: a request can be wrong in ten thousand ways.
MOST_MISTAKES, LONGEST_NAME = 100, 200
_SENTENCES = {
    "missing": "This is missing.",
    "extra_forbidden": "There is no such field.",
    "string_type": "Write text.",
    "int_type": "Write a whole number.",
    "float_type": "Write a number.",
    "bool_type": "Write true or false.",
    "list_type": "Write a list.",
    "model_type": "Write an object.",
    "enum": "Write one of {expected}.",
    "greater_than_equal": "Use at least {ge}.",
    "less_than_equal": "Use at most {le}.",
    "too_long": "Write at most {max_length}.",
    "value_error": "{error}",
}


def refuse_large() -> None:
    """Raise Problem when a body is announced that is larger than any we read."""
    longest = current_app.config["MAX_CONTENT_LENGTH"]
    if longest is not None and (request.content_length or 0) > longest:
        raise Problem(Wrong.BODY_TOO_LARGE)


def body(model: type[B]) -> B:
    """Return the body as `model`; none at all is an empty object where nothing is required.

    Raises Problem for another media type or malformed JSON, InvalidInput for wrong, missing or unknown fields.
    """
    if not request.content_length and not request.is_json and not _has_required(model):
        return model()
    if request.mimetype != JSON:
        raise Problem(Wrong.UNSUPPORTED_MEDIA_TYPE)
    text = _well_formed(request.get_data(cache=False))
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInput(_mistakes(error)) from None


def _has_required(model: type[Body]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _well_formed(raw: bytes) -> str:
    """Return JSON text that every reader understands alike: UTF-8, no name twice, no NaN."""
    try:
        text = raw.decode()
        json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Problem(Wrong.MALFORMED_JSON) from None
    return text


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError
    return names


def _refuse(_constant: str) -> NoReturn:
    raise ValueError


def query(model: type[Q]) -> Q:
    """Return what stands after the `?` as `model`; raises InvalidInput."""
    lists = {field.alias for field in model.model_fields.values() if _is_list(field.annotation)}
    sent: dict[str, str | list[str]] = {}
    for name, values in request.args.lists():
        if name not in lists and len(values) > 1:
            raise InvalidInput([(name, "Write this once.")])
        sent[name] = values if name in lists else values[0]
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise InvalidInput(_mistakes(error)) from None


def _is_list(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _mistakes(error: ValidationError) -> list[tuple[str, str]]:
    """Return what pydantic found as pairs of field and sentence, without what was sent."""
    found = error.errors(include_url=False, include_input=False)
    if any(item["type"] == "json_invalid" for item in found):
        raise Problem(Wrong.MALFORMED_JSON)
    return [
        (
            ".".join(map(str, item["loc"]))[:LONGEST_NAME] or WHOLE_BODY,
            _SENTENCES.get(item["type"], "This is not valid.").format(**item.get("ctx", {})),
        )
        for item in found[:MOST_MISTAKES]
    ]
