"""Who imports whom, read from the source: the rules that keep each room, and each library, in one place."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("archive", "index", "web", "scripts")
MODEL_LIBRARIES = {"torch", "sentence_transformers", "transformers"}
WEB_LIBRARIES = {"flask", "flask_babel", "jinja2", "markupsafe", "werkzeug"}
OWNERS = {
    "sqlite3": {"archive/database.py"},
    "faiss": {"index/generation.py"},
    "httpcore2": {"archive/fetching/connections.py"},
    "httpx2": {f"archive/fetching/{name}.py" for name in ("client", "connections", "hosts", "posting")},
    "feedparser": {"archive/readers/feed.py"},
    "ftfy": {"archive/repair.py"},
    "mcp": {"scripts/mcp.py", "web/mcp/server.py"},
    "openTSNE": {"index/cartography.py"},
    "prometheus_client": {"web/operations/metrics.py"},
    "protego": {"archive/fetching/robots.py"},
    "pypdf": {"archive/readers/pdf.py"},
    "spectree": {"web/api/description.py"},
    "Stemmer": {"index/terms.py"},
    "threadpoolctl": {"index/serving.py"},
    "uvicorn": {"scripts/mcp.py"},
    "waitress": {"web/server.py"},
    "xlsxwriter": {"web/spreadsheets.py"},
    **{name: {"index/encoder.py", "index/training.py"} for name in MODEL_LIBRARIES},  # the one loads a model, the other tunes
    "torch": {"index/bert.py", "index/encoder.py", "index/training.py"},  # one more for the layers that a query goes through
}
DISTRIBUTIONS = {
    "docx": "python_docx",
    "Stemmer": "pystemmer",
    "faiss": "faiss_cpu",
    "markdown_it": "markdown_it_py",
    "openTSNE": "opentsne",
    "sklearn": "scikit_learn",
    "yaml": "pyyaml",
}
PEERS = {"txtai"}  # installed in an environment of its own, for `telusur benchmark` to compare with
BROUGHT_ALONG = {"jinja2", "markupsafe", "werkzeug"}  # Flask's own parts, by way of Flask


@dataclass(frozen=True)
class Import:
    """One import.

    Attributes:
        file: Path of the importing file below the root.
        line: Its line there.
        module: What is imported, in full.
        is_lazy: It stands in a function, or is for type checkers only.
    """

    file: str
    line: int
    module: str
    is_lazy: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def read_imports(node: ast.AST, file: str, is_lazy: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(file, child.lineno, alias.name, is_lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{file}:{child.lineno}: imports are absolute"
            yield Import(file, child.lineno, str(child.module), is_lazy)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from read_imports(child, file, is_lazy or is_function or is_for_type_checkers(child))


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    found = [
        one
        for path in paths
        for one in read_imports(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix())
    ]
    assert {one.file.partition("/")[0] for one in found} == set(ROOMS)
    return found


@pytest.mark.parametrize(
    ("room", "others"),
    [
        ("archive", {"index", "web", "scripts", "faiss", *MODEL_LIBRARIES, *WEB_LIBRARIES}),
        ("index", {"web", "scripts", *WEB_LIBRARIES}),
        ("web", {"scripts", "faiss", "sqlite3", *MODEL_LIBRARIES}),
        ("scripts", WEB_LIBRARIES),
    ],
)
def test_a_room_imports_only_what_it_may(imports: list[Import], room: str, others: set[str]) -> None:
    assert [str(one) for one in imports if one.file.startswith(f"{room}/") and one.top in others] == []


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_a_library_has_one_owner(imports: list[Import], library: str, owner: set[str]) -> None:
    assert {one.file for one in imports if one.top == library} == owner


def test_only_web_imports_flask(imports: list[Import]) -> None:
    assert {one.file.partition("/")[0] for one in imports if one.top in WEB_LIBRARIES} == {"web"}


def test_the_model_libraries_are_imported_where_the_model_loads(imports: list[Import]) -> None:
    assert [str(one) for one in imports if one.top in MODEL_LIBRARIES and not one.is_lazy] == []


def test_commands_import_nothing_heavy_before_they_run(imports: list[Import]) -> None:
    light = sys.stdlib_module_names | {"scripts"}
    assert [str(one) for one in imports if one.file.startswith("scripts/") and not one.is_lazy and one.top not in light] == []


def test_every_library_is_declared(imports: list[Import]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {dependency.partition(">")[0].partition("=")[0].replace("-", "_") for dependency in project["dependencies"]}
    known = declared | set(ROOMS) | sys.stdlib_module_names | BROUGHT_ALONG | PEERS
    assert [str(one) for one in imports if DISTRIBUTIONS.get(one.top, one.top) not in known] == []
