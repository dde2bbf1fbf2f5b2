"""The description as a document for programs, and as a page for people: to read and to try it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from web import links
from web.api import caching, description
from web.api.routes import blueprint
from web.holdings import has_sample
from web.language import page_fields
from web.parameters import Fields

OPENAPI_PATH = "/api/v1/openapi.json"

page = Blueprint("reference", __name__)

_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an operation takes in its path or its query string.

    Attributes:
        kind: What it holds, in words.
        hint: What it may hold, or holds where it is left out.
        choices: What it may hold, if that is one of a few.
        control: Type of the form's field: "number", "date" or "text".
    """

    name: str
    is_in_path: bool
    is_required: bool
    kind: str
    description: str
    hint: str
    choices: tuple[str, ...]
    control: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One status that an operation may answer with.

    Attributes:
        model: What the answer holds; empty where it is empty.
        media: In which media types.
    """

    status: str
    description: str
    model: str
    media: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        tag: Under what it stands.
        body: The model of what it takes as a body; empty for none.
    """

    name: str
    tag: str
    method: str
    path: str
    summary: str
    body: str
    parameters: tuple[Parameter, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def is_tried(self) -> bool:
        """Whether a form can send it."""
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a document."""

    name: str
    kind: str
    model: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Model:
    """A document, or a part of one."""

    name: str
    description: str
    members: tuple[Member, ...]


@blueprint.get(OPENAPI_PATH)
def openapi() -> Response:
    """The description as OpenAPI 3.1."""
    Fields(request.query_string, (), from_form=False)
    return caching.by_content(jsonify(description.document()))


@page.get(links.DOCS_PATH)
def docs() -> Response:
    """The description as a page, each operation with a form to try it."""
    page_fields()
    document = description.document()
    groups: dict[str, list[Operation]] = {}
    for operation in _operations(document):
        groups.setdefault(operation.tag, []).append(operation)
    html = render_template(
        "api.html",
        about=document["info"]["description"].split("\n\n"),
        openapi=document["openapi"],
        openapi_path=OPENAPI_PATH,
        groups=groups,
        models=_models(document, [one for operations in groups.values() for one in operations]),
        has_sample=has_sample(),
    )
    return Response(html)


@page.get(f"{links.DOCS_PATH}/<name>")
def attempt(name: str) -> BaseResponse:
    """Where the form of an operation leads: to the operation itself, without the fields that were left empty."""
    operation = next((one for one in _operations(description.document()) if one.name == name and one.is_tried), None)
    if operation is None:
        raise NotFound
    path = operation.path
    asked: list[tuple[str, str]] = []
    for parameter in operation.parameters:
        values = [value for value in request.args.getlist(parameter.name) if value.strip()]
        if parameter.is_in_path:
            path = path.replace(f"{{{parameter.name}}}", quote(values[0] if values else "-", safe=""))
        else:
            asked += [(parameter.name, value) for value in values]
    return redirect(f"{path}?{urlencode(asked)}" if asked else path, HTTPStatus.SEE_OTHER)


def _operations(document: dict[str, Any]) -> list[Operation]:
    """The operations by tag, the search first; of each, what it needs before what it takes."""
    tags = [tag["name"] for tag in document["tags"]]
    found = [
        Operation(
            name=operation["operationId"],
            tag=operation["tags"][0],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            body=_model_of(operation.get("requestBody", {}).get("content", {}).get(description.JSON, {})),
            parameters=tuple(
                sorted(map(_parameter, operation["parameters"]), key=lambda one: (not one.is_required, one.name != "q"))
            ),
            outcomes=tuple(_outcome(status, outcome) for status, outcome in operation["responses"].items()),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return sorted(found, key=lambda one: (tags.index(one.tag), one.path != links.SEARCH_PATH, one.path, one.method))


def _parameter(declared: dict[str, Any]) -> Parameter:
    schema = declared["schema"]
    kind = _kind(schema)
    return Parameter(
        name=declared["name"],
        is_in_path=declared["in"] == "path",
        is_required=declared["required"],
        kind=kind,
        description=declared["description"],
        hint=str(schema.get("example", schema.get("default") or "")),
        choices=tuple(schema.get("enum", ())),
        control={"integer": "number", "date": "date"}.get(kind, "text"),
    )


def _outcome(status: str, declared: dict[str, Any]) -> Outcome:
    content = declared.get("content", {})
    models = (_model_of(one) for one in content.values())
    return Outcome(status, declared["description"], next(filter(None, models), ""), tuple(content))


def _models(document: dict[str, Any], operations: list[Operation]) -> list[Model]:
    """The models that operations take and give, and those that these are made of, by name."""
    schemas = document["components"]["schemas"]
    found: dict[str, Model] = {}
    waiting = {one.body for one in operations} | {outcome.model for one in operations for outcome in one.outcomes}
    while waiting := {name for name in waiting if name and name not in found}:
        for name in waiting:
            schema = schemas[name]
            required = schema.get("required", ())
            members = tuple(
                Member(member, _kind(declared), _model_of({"schema": declared}), member in required, _about(declared))
                for member, declared in schema["properties"].items()
            )
            found[name] = Model(name, schema.get("description", ""), members)
        waiting = {member.model for name in waiting for member in found[name].members}
    return [found[name] for name in sorted(found)]


def _about(schema: dict[str, Any]) -> str:
    return str(schema.get("description", ""))


def _kind(schema: dict[str, Any]) -> str:
    """What a schema allows, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema:
        return " | ".join(map(_kind, schema["anyOf"]))
    if schema.get("type") == "array":
        places = schema.get("prefixItems")
        return f"[{', '.join(map(_kind, places))}]" if places else f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "string"))


def _model_of(content: dict[str, Any]) -> str:
    """The model that a schema names, be it the kind of a list's entries; empty where it names none."""
    kind = _kind(content.get("schema", {})).removeprefix("list of ")
    return next((part for part in kind.split(" | ") if part[:1].isupper()), "")
