"""Finding it again: paragraphs embedded, published as generations, and searched by meaning and by words."""

from index.build import NothingToIndex
from index.embedded import ModelError
from index.generation import GenerationError, NoGeneration
from index.model import EMBEDDED, Model, resolve
from index.search import Answer, Hit, Index, Query, Status

__all__ = [
    "EMBEDDED",
    "Answer",
    "GenerationError",
    "Hit",
    "Index",
    "Model",
    "ModelError",
    "NoGeneration",
    "NothingToIndex",
    "Query",
    "Status",
    "resolve",
]
