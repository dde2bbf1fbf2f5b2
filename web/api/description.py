"""The endpoint's description (OpenAPI 3.1), generated from its routes, their docstrings and their models.

spectree reads them. It was chosen because it leaves the application a plain Flask application, and leaves reading parameters to
`web.parameters`, which the pages share (`skip_validation`); with that, it takes some 15 microseconds a request. It writes
OpenAPI 3.1 from pydantic models, is typed, and needs nothing but pydantic. The others weighed: flask-openapi (5.0, OpenAPI 3.2)
makes the application one of its own class and drops what stands twice in an address before a view can refuse it; APIFlask (3.1)
and flask-smorest (0.47) do the latter too, and bring marshmallow, webargs and apispec along. The user interfaces that all of
these bundle load scripts from another host or run them inline; `web.api.reference` renders the description without either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib.metadata import version
from typing import Any, TypeVar, cast

import spectree
from flask import Response
from pydantic import BaseModel
from spectree.plugins.flask_plugin import FlaskPlugin

from web.api import documents
from web.parameters import MAX_PARAGRAPH, MAX_VERSION

JSON = "application/json"
TAGS = ("Search", "Releases", "Archive")

_PROBLEM = "application/problem+json"
_TITLE = "Telusur"
_ABOUT = """\
A searchable semantic archive of press releases.

An answer names the generation of the index that it comes from. Lists go on at `next`, within one generation. Most answers carry
an `ETag`: send it back as `If-None-Match`, and 304 says that nothing has changed. Errors are problem documents (RFC 9457) that
name parameter, value and remedy. An unknown parameter, and one that stands twice without being a list, is an error. Fields may
be added to answers; none is renamed. Text of releases is passed on as published: escape it before it becomes part of a page."""

_PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "id": {
        "description": "Id of the release, as a search gives it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"},
    },
    "number": {"description": "Number of the version.", "schema": {"type": "integer", "minimum": 1, "maximum": MAX_VERSION}},
    "position": {
        "description": "Position of the paragraph, from 0.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MAX_PARAGRAPH},
    },
}

_ETAG = {"ETag": {"description": "Tag of the answer, for If-None-Match.", "schema": {"type": "string"}}}

_REASONS = {
    400: "A parameter, or the body, cannot be used.",
    401: "The key is unknown; none is needed.",
    404: "There is no such release, version or paragraph.",
    410: "The release was taken out, or the list of the cursor cannot be continued.",
    413: "The body is too long.",
    415: "The body is not JSON.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "Nothing is indexed yet, or the archive cannot be used now.",
}

View = TypeVar("View", bound=Callable[..., Response])


class _Answers(spectree.Response):
    """What one operation answers; problems have a media type of their own."""

    def __init__(
        self, answer: type[BaseModel] | None, media: Mapping[str, Any], problems: tuple[int, ...], has_tag: bool
    ) -> None:
        declared = {f"HTTP_{status}": (documents.Problem, _REASONS[status]) for status in problems}
        super().__init__(**declared, HTTP_200=answer)
        self._media = media
        self._has_tag = has_tag

    def generate_spec(self, naming_strategy: Callable[[Any], str] = lambda model: str(model.__name__)) -> dict[str, Any]:
        responses = super().generate_spec(naming_strategy)
        for status, response in responses.items():
            if status != "200":
                response["content"] = {_PROBLEM: response["content"][JSON]}
        done = responses["200"]
        if self._media:
            done["content"] = done.get("content", {}) | self._media
        if self._has_tag:
            done["headers"] = _ETAG
            responses["304"] = {"description": "The caller has the answer already.", "headers": _ETAG}
        return dict(sorted(responses.items()))


class _Plugin(FlaskPlugin):
    """Says of the variables in a path what they hold."""

    def parse_path(
        self, route: Mapping[str, str] | None, path_parameter_descriptions: Mapping[str, str] | None
    ) -> tuple[str, list[dict[str, Any]]]:
        path, parameters = super().parse_path(route, path_parameter_descriptions)
        return path, [parameter | _PATH_PARAMETERS[parameter["name"]] for parameter in parameters]


_api = spectree.SpecTree(
    backend=_Plugin,
    title=_TITLE,
    version=version("telusur"),
    description=_ABOUT,
    license=spectree.config.License(name="MIT"),
    mode="strict",
    annotations=False,
    validation_error_status=400,
    validation_error_model=documents.Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)


def described(
    name: str,
    tag: str,
    answer: type[BaseModel] | None,
    *,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    problems: tuple[int, ...] = (),
    media: Mapping[str, Any] | None = None,
    has_tag: bool = True,
) -> Callable[[View], View]:
    """Make a view part of the description.

    Args:
        name: The operation's id.
        tag: Under what it stands.
        answer: What it answers as JSON.
        query: What it takes in the address.
        body: What it takes as JSON in the body.
        problems: Statuses of errors besides 400.
        media: Schemas of further media types that it may answer in.
        has_tag: The answer has an entity tag.
    """
    answers = _Answers(answer, media or {}, (400, 401, *problems, 429), has_tag)
    described = _api.validate(query=query, json=body, resp=answers, tags=(tag,), operation_id=name, skip_validation=True)
    return cast("Callable[[View], View]", described)


def document() -> dict[str, Any]:
    """The description, as OpenAPI 3.1 has it. An application must be in force."""
    found = deepcopy(cast("dict[str, Any]", _api.spec))
    found["tags"].sort(key=lambda tag: TAGS.index(tag["name"]))
    return found
