"""Write scorers for Karat in Python.

    from karat import Feedback, scorer

    @scorer
    def concise(outputs, max_words: int = 50) -> bool:
        "whether the answer has no more words than asked for"
        return len(outputs.split()) <= max_words

A scorer names what it wants of a row: `inputs`, `outputs`, `expectations`, `trace`, `tags`, `session` or the whole
`row`. Whatever else it takes is a parameter, which a suite sets under `with:`. It returns a verdict, a `Feedback` with
the reason as well, or a list of these; `abstain(reason)` where it can't decide. What it raises is that row's failure.
"""

from . import http, judge, kv, log
from .errors import BadInput, Failure
from .feedback import Abstained, Feedback, abstain
from .predicting import Prediction, Predictor, predictor
from .row import Row
from .scoring import Scorer, scorer
from .trace import Span, Trace

__all__ = [
    "Abstained",
    "BadInput",
    "Failure",
    "Feedback",
    "Prediction",
    "Predictor",
    "Row",
    "Scorer",
    "Span",
    "Trace",
    "abstain",
    "http",
    "judge",
    "kv",
    "log",
    "predictor",
    "scorer",
]
