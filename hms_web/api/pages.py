"""The document itself, and a page on which people can read it. Both are for anyone: they hold no data."""

from typing import Any

from flask import Blueprint, Response, json, render_template
from flask.typing import ResponseReturnValue

from hms_web.api import document
from hms_web.api.operations import Operation
from hms_web.api.reading import JSON

Json = dict[str, Any]


def register(blueprint: Blueprint, operations: list[Operation]) -> None:
    """Serve `/openapi.json` and `/docs`."""
    described = document.make(operations)
    written = json.dumps(described)

    @blueprint.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        return Response(written, content_type=JSON)

    @blueprint.get("/docs")
    def docs() -> ResponseReturnValue:
        nouns: dict[str, list[Json]] = {}
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                shown = operation | {"path": path, "method": method.upper()}
                nouns.setdefault(operation["tags"][0], []).append(shown)
        shapes = {name: _fields(schema) for name, schema in described["components"]["schemas"].items()}
        return render_template("api/docs.html", nouns=nouns, shapes=shapes, codes=document.codes(), words=words)

    openapi.roles = docs.roles = None  # type: ignore[attr-defined]


def _fields(schema: Json) -> Json:
    required = schema.get("required", [])
    fields = [
        {"name": name, "type": words(member), "required": name in required, "default": member.get("default")}
        for name, member in schema.get("properties", {}).items()
    ]
    return {"description": schema.get("description", ""), "fields": fields, "values": schema.get("enum", [])}


def words(schema: Json) -> str:
    """Say a schema in a few words, naming the shapes it refers to."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "allOf"):
        if several in schema:
            return " or ".join(words(kind) for kind in schema[several] if "$ref" in kind or "type" in kind)
    if schema.get("type") == "array":
        return f"list of {words(schema['items'])}"
    kind = schema.get("format") or schema.get("const") or schema.get("type", "any")
    limits = [f"{name} {schema[key]}" for key, name in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([str(kind), *limits])
