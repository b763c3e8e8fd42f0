"""Write scorers for Karat in Python.

    from karat import Feedback, scorer

    @scorer
    def concise(outputs, max_words: int = 50) -> bool:
        "whether the answer has no more words than asked for"
        return len(outputs.split()) <= max_words

A scorer names what it wants of a row: `inputs`, `outputs`, `expectations`, `trace`, `tags`, `session` or the whole
`row`. Whatever else it takes is a parameter, which a suite sets under `with:`. It returns a verdict, a `Feedback` with
the reason as well, or a list of these; `abstain(reason)` where it can't decide. What it raises is that row's failure.
A scorer that takes `trace` abstains on a row without one, unless it says `trace=None`.

A scorer of MLflow's comes over by its import: everything that `mlflow.entities` has for scorers is here under its name.
"""

from . import http, judge, kv, log, sink
from .errors import BadInput, Failure
from .exporting import Batch, Exporter, Receipt, exporter
from .feedback import Abstained, AssessmentError, AssessmentSource, AssessmentSourceType, Feedback, abstain
from .predicting import Prediction, Predictor, predictor
from .row import Row
from .scoring import Scorer, scorer
from .trace import Span, SpanStatus, SpanStatusCode, SpanType, Trace, TraceData, TraceInfo, TraceState

__all__ = [
    "Abstained",
    "AssessmentError",
    "AssessmentSource",
    "AssessmentSourceType",
    "BadInput",
    "Batch",
    "Exporter",
    "Failure",
    "Feedback",
    "Prediction",
    "Predictor",
    "Receipt",
    "Row",
    "Scorer",
    "Span",
    "SpanStatus",
    "SpanStatusCode",
    "SpanType",
    "Trace",
    "TraceData",
    "TraceInfo",
    "TraceState",
    "abstain",
    "exporter",
    "http",
    "judge",
    "kv",
    "log",
    "predictor",
    "scorer",
    "sink",
]
