"""Indonesian first, English second: which of the two a request gets, and dates and numbers in it."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from http import HTTPStatus

from flask import Flask, Response, has_request_context, request
from flask_babel import (
    Babel,
    LazyString,
    format_date,
    format_datetime,
    format_decimal,
    format_percent,
    get_locale,
    gettext,
    lazy_gettext,
)
from markupsafe import Markup

from web import links
from web.parameters import Fields, ParameterError

COOKIE = "lang"
LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}
_YEAR_S = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Translate an application's messages; those in the code are Indonesian."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "id")
    Babel(app, locale_selector=_select)
    app.jinja_env.globals.update(_=_translate, gettext=_translate)
    app.after_request(_remember)
    app.add_template_filter(in_words)
    app.add_template_filter(moment_in_words)
    app.add_template_filter(language_name)
    app.add_template_filter(in_digits)
    app.add_template_filter(in_seconds)
    app.add_template_filter(in_thousandths)
    app.add_template_global(current_language)
    app.jinja_env.finalize = _as_text


def _translate(message: str, /, **variables: object) -> Markup:
    """A message as a template shows it: its own text is HTML, what is put into it is escaped."""
    text = _translation(current_language(), message)
    return text % variables if variables else text


# A page of results says two hundred things, nearly all of them those of the page before: what is said is remembered.
@lru_cache(2_048)
def _translation(_language: str, message: str) -> Markup:
    return Markup(gettext(message))  # noqa: S704 - from the code or its catalogue, never from a reader


def _as_text(value: object) -> object:
    """A lazy message as plain text. It calls itself safe HTML, though what a reader wrote may be quoted in it."""
    return str(value) if isinstance(value, LazyString) else value


def current_language() -> str:
    """Language of this request: "id" or "en"."""
    locale = get_locale()
    return str(locale.language) if locale else "id"


def page_fields(*names: str) -> Fields:
    """The parameters of the page that is asked for: those with these names, and which language it shall be in.

    Raises:
        ParameterError: Its query string cannot be read, or wants a language that there is not.
    """
    fields = Fields(request.query_string, (*names, "lang"), from_form=True)
    wish = fields.text("lang")
    if wish is not None and wish not in LANGUAGES:
        raise ParameterError(
            "lang",
            wish,
            lazy_gettext("Bahasa yang diminta tidak tersedia."),
            lazy_gettext("Tulis lang=id atau lang=en."),
        )
    return fields


def in_words(day: str | date) -> str:
    """A day as a reader says it: "21 Maret 2023". What is no date stays as it is."""
    return _day(current_language(), day)


@lru_cache(4_096)
def _day(_language: str, day: str | date) -> str:
    try:
        return str(format_date(day if isinstance(day, date) else date.fromisoformat(day), "d MMMM yyyy"))
    except ValueError:
        return str(day)


def moment_in_words(moment: str) -> str:
    """A moment given in ISO 8601, to the minute, in UTC."""
    try:
        return str(format_datetime(datetime.fromisoformat(moment), "d MMMM yyyy, HH.mm 'UTC'"))
    except ValueError:
        return moment


def language_name(code: str) -> str:
    """A language by its ISO 639-1 code: "Jawa" in Indonesian, "Javanese" in English. What is no such code stays as it is."""
    locale = get_locale()
    return str(locale.languages.get(code, code)) if locale else code


def in_digits(number: int) -> str:
    """A whole number with its thousands set apart: "6.279" in Indonesian, "6,279" in English."""
    return _digits(current_language(), number)


@lru_cache(4_096)
def _digits(_language: str, number: int) -> str:
    return str(format_decimal(number))


def in_percent(share: float) -> str:
    """A share to one decimal at most: "12,5%" in Indonesian, "12.5%" in English."""
    return _percent(current_language(), share)


@lru_cache(4_096)
def _percent(_language: str, share: float) -> str:
    return str(format_percent(share, "0.#%"))


def in_seconds(milliseconds: float) -> str:
    """A duration in seconds to two decimals, never nothing: "0,02"."""
    return str(format_decimal(max(milliseconds / 1000, 0.01), "0.00"))


def in_thousandths(score: float, signed: bool = False) -> str:
    """A score to three decimals: "0,293"; as a difference "+0,041" or "−0,041"."""
    return str(format_decimal(score, "+0.000;−0.000" if signed else "0.000"))


def _select() -> str:
    if not has_request_context():
        return "id"
    if links.is_api(request.path):
        return "en"  # the language of its documentation
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    preferred = next(iter(request.accept_languages.values()), "")
    return "en" if preferred.lower().split("-")[0] == "en" else "id"


def _remember(response: Response) -> Response:
    if links.is_api(request.path) or request.endpoint == "static":
        return response
    response.vary.update(("Accept-Language", "Cookie"))
    response.headers.setdefault("Content-Language", current_language())
    wish = request.args.get("lang")
    if wish in LANGUAGES and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        response.set_cookie(COOKIE, wish, max_age=_YEAR_S, samesite="Lax", httponly=True, secure=request.is_secure)
    return response
