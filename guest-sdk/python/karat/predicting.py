"""Functions as predictors: they call the application under test."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional

from .item import Item, offer
from .row import Row

#: All predictors of this plugin, in the order they were defined.
PREDICTORS: List["Predictor"] = []


@dataclass
class Prediction:
    """An answer of the application, with what there is to say about it."""

    outputs: Any
    #: What the application used of a model.
    input_tokens: Optional[int] = None
    output_tokens: Optional[int] = None
    #: By names of OpenTelemetry's, such as `gen_ai.request.model`.
    attributes: Dict[str, Any] = field(default_factory=dict)

    def all_attributes(self) -> Dict[str, Any]:
        tokens = {
            "gen_ai.usage.input_tokens": self.input_tokens,
            "gen_ai.usage.output_tokens": self.output_tokens,
        }
        return {**self.attributes, **{name: number for name, number in tokens.items() if number is not None}}


class Predictor(Item):
    """A function that calls the application for a row."""

    noun = "predictor"
    parts_known = ("row", "inputs", "tags", "session", "traceparent")

    def on(self, row: Row, parameters: Dict[str, Any], traceparent: str) -> Prediction:
        """Calls the function with what it takes of a row."""
        known = {"row": row, "traceparent": traceparent}
        parts = {part: known[part] if part in known else getattr(row, part) for part in self.parts}
        answer = self.function(**parts, **parameters)
        return answer if isinstance(answer, Prediction) else Prediction(answer)


def predictor(function: Optional[Callable] = None, **options: Any) -> Any:
    """Makes a predictor of a function: `@predictor`, or with options `@predictor(name="chat", summary="…")`.

    It takes what it names of a row, `inputs` first of all, and parameters; what it returns are the outputs, or a
    `Prediction` with more to say. What it raises is the row's error; a `Failure` with the code `unavailable`,
    `rate-limited` or `timed-out` has the host ask again.
    """
    return offer(Predictor, PREDICTORS, function, options)
