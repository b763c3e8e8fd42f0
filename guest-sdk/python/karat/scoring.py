"""Functions as scorers."""

import inspect
import json
from typing import Any, Callable, Dict, List, Optional

from . import schema, trace
from .feedback import abstain
from .row import Row

#: What a scorer can take of a row; anything else is a parameter.
PARTS = ("row", "inputs", "outputs", "expectations", "trace", "tags", "session", "candidate")

_DIRECTIONS = {"higher": "MAXIMIZE", "lower": "MINIMIZE", "neutral": "NEUTRAL"}
_AMOUNTS = ("boolean", "number", "booleans", "numbers")

#: All scorers of this plugin, in the order they were defined.
SCORERS: List["Scorer"] = []


class Scorer:
    """A function that looks at a row. Calling it calls the function, as unit tests do."""

    def __init__(
        self,
        function: Callable,
        name: Optional[str] = None,
        summary: Optional[str] = None,
        value: Any = None,
        better: Optional[str] = None,
        determinism: Optional[str] = None,
    ):
        taken = schema.named(function, "scorer")
        hints = schema.hints(function)
        self.function = function
        self.name = name or function.__name__
        self.summary = summary or (inspect.getdoc(function) or self.name.replace("_", " ")).split("\n\n")[0]
        self.value, self.labels = schema.verdict(hints.get("return") if value is None else value)
        if better not in (None, *_DIRECTIONS):
            raise ValueError(f"scorer `{self.name}`: `better` is one of {', '.join(_DIRECTIONS)}, not `{better}`")
        self.better = _DIRECTIONS[better or ("higher" if self.value in _AMOUNTS else "neutral")]
        self.determinism = determinism
        self.parts = [parameter.name for parameter in taken if parameter.name in PARTS]
        self.needs_outputs = any(p.name == "outputs" and p.default is p.empty for p in taken)
        self._needs_trace = any(p.name == "trace" and p.default is p.empty for p in taken)
        own = [parameter for parameter in taken if parameter.name not in PARTS]
        self.parameters = json.dumps(schema.parameters(own, hints))
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def on(self, row: Row, parameters: Dict[str, Any]) -> Any:
        """Calls the function with what it takes of a row."""
        parts = {part: _part(row, part) for part in self.parts}
        if self._needs_trace and parts["trace"] is None:
            return abstain("the row has no trace")
        return self.function(**parts, **parameters)


def _part(row: Row, part: str) -> Any:
    if part == "row":
        return row
    return trace.of_row() if part == "trace" else getattr(row, part)


def scorer(function: Optional[Callable] = None, **options: Any) -> Any:
    """Makes a scorer of a function: `@scorer`, or with options `@scorer(name="tone", better="lower")`.

    Options: `name`, `summary` (else the docstring), `value` (the type of its verdicts, or a list of labels; else the
    annotation of what it returns), `better` (`higher`, `lower` or `neutral`), `determinism` (`pure`, `judge` or
    `volatile`; else by what the plugin may use).
    """
    if function is None:
        return lambda function: scorer(function, **options)
    made = Scorer(function, **options)
    if any(other.name == made.name for other in SCORERS):
        raise ValueError(f"there are two scorers named `{made.name}`")
    SCORERS.append(made)
    return made
