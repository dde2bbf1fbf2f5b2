"""Finding it again: paragraphs embedded, published as generations, and searched by meaning and by words."""

from index.answer import Answer, Hit, Query, Similar, Status
from index.build import NothingToIndex
from index.embedded import ModelError
from index.generation import GenerationError, NoGeneration
from index.model import EMBEDDED, Model, resolve
from index.relevance import Band
from index.search import Index

__all__ = [
    "EMBEDDED",
    "Answer",
    "Band",
    "GenerationError",
    "Hit",
    "Index",
    "Model",
    "ModelError",
    "NoGeneration",
    "NothingToIndex",
    "Query",
    "Similar",
    "Status",
    "resolve",
]
