"""The OpenAPI 3.1 document, made from the declared operations and the models they read and answer."""

import json
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from hms_web import __doc__ as product
from hms_web.api.operations import MISSING, Operation
from hms_web.api.problems import DOCS, PROBLEM, WORDS, Wrong
from hms_web.api.reading import JSON
from hms_web.api.retries import HEADER
from hms_web.api.shapes import Query
from hms_web.api.slots import Slot
from hms_web.domain.refusals import Code
from hms_web.services import wording

VERSION = "1"
ABOUT = f"""{(product or "").strip()}

Ask `POST /auth/token` for a token and send it with every request, in the header `Authorization: Bearer <token>`.
Dates are written YYYY-MM-DD and times HH:MM, on the hospital's clock."""
GENERIC = re.compile(r"\bPageOf_([A-Za-z]+)_(?=\")")
FILE = re.compile(r" \(\w+\.md\b[^)]*\)")
REFERENCE = "#/components/schemas/{model}"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_PROBLEM: Json = {
    "type": "object",
    "description": "What went wrong (RFC 9457): `detail` for people, `code` for programs.",
    "properties": {
        "type": _TEXT | {"format": "uri-reference", "description": f"Where {DOCS} explains the code."},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT | {"description": "A sentence that says what is wrong and what to do."},
        "code": _TEXT,
        "errors": {
            "type": "array",
            "description": "With INVALID_INPUT: each thing that is wrong.",
            "items": {
                "type": "object",
                "properties": {"field": _TEXT, "message": _TEXT},
                "required": ["field", "message"],
                "additionalProperties": False,
            },
        },
        "nextFree": {
            "type": "array",
            "description": "With a refused booking that another time may cure: the next free slots.",
            "items": {"$ref": REFERENCE.format(model="Slot")},
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
    "additionalProperties": False,
}
_SECURITY: Json = {
    "cronKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-cron-api-key",
        "description": "A key from the settings, or of `hms jobs key create`.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of `POST /auth/token`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "A browser's session."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": "The page's CSRF token, with a browser's session.",
    },
}


def make(operations: Sequence[Operation]) -> Json:
    """Return the document of all operations."""
    schemas = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        path = operation.path
        for name in operation.ids:
            path = path.replace(f"<{name}>", f"{{{to_camel(name)}}}")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    queries = {operation.query.__name__ for operation in operations if operation.query}
    components = {name: schema for name, schema in schemas.items() if name not in queries}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Outpatient front desk", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {"schemas": components | {"Problem": _PROBLEM}, "securitySchemes": _SECURITY},
    }


def _schemas(operations: Iterable[Operation]) -> Json:
    read: dict[type[BaseModel], None] = {}
    answered: dict[type[BaseModel], None] = {Slot: None}
    for operation in operations:
        read |= {model: None for model in (operation.body, operation.query) if model}
        answered |= dict.fromkeys(operation.answers)
    wanted = [(model, "validation") for model in read] + [(model, "serialization") for model in answered]
    _, found = models_json_schema(wanted, ref_template=REFERENCE)  # type: ignore[arg-type]
    # pydantic names a page of slots PageOf_Slot_; its own name is SlotList.
    named = GENERIC.sub(r"\1List", json.dumps(found["$defs"]))
    schemas: Json = _plain(json.loads(named))
    return schemas


def _plain(schema: Any) -> Any:  # noqa: ANN401 JSON is what it is
    """Return a schema without the titles that pydantic makes from names, and without files its readers do not have."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("description"), str):
        schema = schema | {"description": FILE.sub("", schema["description"])}
    return {key: _plain(item) for key, item in schema.items() if key != "title" or isinstance(item, dict)}


def _operation(operation: Operation, schemas: Json) -> Json:
    described: Json = {
        "operationId": to_camel(operation.endpoint),
        "tags": [operation.noun],
        "summary": operation.summary,
        "description": _description(operation),
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation.query, schemas),
            *_headers(operation),
        ],
        "responses": _responses(operation),
        "security": _security(operation),
    }
    if operation.body is not None:
        name = operation.body.__name__
        required = any(field.is_required() for field in operation.body.model_fields.values())
        described["requestBody"] = {
            "required": required,
            "content": {JSON: {"schema": {"$ref": REFERENCE.format(model=name)}}},
        }
    return described


def _description(operation: Operation) -> str:
    who = "Anyone" if operation.roles is None else ", ".join(sorted(operation.roles))
    return f"{(operation.view.__doc__ or '').strip()}\n\nWho: {who}."


def _security(operation: Operation) -> list[Json]:
    if operation.roles is None:
        return [{operation.scheme: []}] if operation.scheme else []
    session: Json = {"session": [], "csrf": []} if operation.method in UNSAFE else {"session": []}
    return [{"bearer": []}, session]


def _path_parameters(operation: Operation) -> list[Json]:
    return [
        {
            "name": to_camel(name),
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid" if name in MISSING else "date"},
        }
        for name in operation.ids
    ]


def _query_parameters(model: type[Query] | None, schemas: Json) -> list[Json]:
    if model is None:
        return []
    schema = schemas[model.__name__]
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": _without_null(member)}
        for name, member in schema["properties"].items()
    ]


def _without_null(member: Json) -> Json:
    """Return the schema of a parameter: one that is left out has no value, not even null."""
    kinds = [kind for kind in member.get("anyOf", []) if kind != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else {key: value for key, value in member.items() if key != "default"}


def _headers(operation: Operation) -> list[Json]:
    if not operation.creates:
        return []
    description = "The same key with the same body gives the first answer again, for 24 hours."
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    return [{"name": HEADER, "in": "header", "required": False, "description": description, "schema": schema}]


def _responses(operation: Operation) -> Json:
    kinds: dict[int, list[Json]] = {} if operation.answers else {int(operation.status): []}
    for shape in operation.answers:
        status = int(shape.answers_with or operation.status)
        kinds.setdefault(status, []).append({"$ref": REFERENCE.format(model=shape.__name__)})
    codes: dict[int, list[str]] = {}
    for code, number in _codes(operation):
        codes.setdefault(number, []).append(code)
    problems = {str(number): _problem(number, codes[number]) for number in sorted(codes)}
    return {str(status): _answered(status, shapes) for status, shapes in kinds.items()} | problems


def _answered(status: int, shapes: list[Json]) -> Json:
    answered: Json = {"description": HTTPStatus(status).phrase}
    if shapes:
        answered["content"] = {JSON: {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}}
    return answered


def _codes(operation: Operation) -> list[tuple[str, int]]:
    """Return every code that an operation can answer with, and its status."""
    wrongs = [Wrong.BUSY, Wrong.BODY_TOO_LARGE]
    if operation.roles is not None:
        wrongs += [Wrong.UNAUTHENTICATED, Wrong.FORBIDDEN]
        wrongs += [Wrong.CSRF_FAILED] if operation.method in UNSAFE else []
    else:
        wrongs.append(Wrong.TOO_MANY_ATTEMPTS)
    if operation.body is not None:
        wrongs += [Wrong.MALFORMED_JSON, Wrong.UNSUPPORTED_MEDIA_TYPE]
    if operation.body or operation.query or operation.creates or set(operation.ids) - MISSING.keys():
        wrongs.append(Wrong.INVALID_INPUT)
    found = [(str(wrong), int(WORDS[wrong][0])) for wrong in wrongs]
    found += [(str(code), wording.status_of(code)) for code in operation.refusals]
    return list(dict.fromkeys(found))


def _problem(status: int, codes: list[str]) -> Json:
    one_of: Json = {"properties": {"code": {"enum": sorted(codes)}, "status": {"const": status}}}
    schema = {"allOf": [{"$ref": REFERENCE.format(model="Problem")}, one_of]}
    described: Json = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(sorted(codes))}",
        "content": {PROBLEM: {"schema": schema}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        described["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return described


def codes() -> list[tuple[str, int, str]]:
    """Return every code there is, with its status and its sentence, for the readable page."""
    own = [(str(wrong), int(status), sentence) for wrong, (status, _, sentence) in WORDS.items()]
    known = {code for code, _, _ in own}
    return own + [(str(code), wording.status_of(code), wording.SENTENCES[code]) for code in Code if code not in known]
