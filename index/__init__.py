"""Finding it again: paragraphs embedded, published as generations, and searched by meaning and by words."""

from index.answer import Answer, Browsed, Hit, Query, Similar, Sort, Status
from index.build import NothingToIndex
from index.embedded import ModelError
from index.filters import Filters
from index.generation import GenerationError, NoGeneration
from index.model import EMBEDDED, Model, resolve
from index.relevance import Band
from index.scan import Mode
from index.search import Index
from index.serving import GenerationGone
from index.survey import FacetValue, Period, Survey, Timeline, Unit

__all__ = [
    "EMBEDDED",
    "Answer",
    "Band",
    "Browsed",
    "FacetValue",
    "Filters",
    "GenerationError",
    "GenerationGone",
    "Hit",
    "Index",
    "Mode",
    "Model",
    "ModelError",
    "NoGeneration",
    "NothingToIndex",
    "Period",
    "Query",
    "Similar",
    "Sort",
    "Status",
    "Survey",
    "Timeline",
    "Unit",
    "resolve",
]
