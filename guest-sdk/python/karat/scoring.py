"""Functions as scorers."""

from typing import Any, Callable, Dict, List, Optional, Union

from . import schema, trace
from .feedback import abstain
from .item import Item, offer
from .row import Row

_DIRECTIONS = {"higher": "MAXIMIZE", "lower": "MINIMIZE", "neutral": "NEUTRAL"}
_AMOUNTS = ("boolean", "number", "booleans", "numbers")

#: All scorers of this plugin, in the order they were defined.
SCORERS: List["Scorer"] = []


class Scorer(Item):
    """A function that looks at a row."""

    noun = "scorer"
    parts_known = ("row", "inputs", "outputs", "expectations", "trace", "tags", "session", "candidate")

    def __init__(
        self,
        function: Callable,
        name: Optional[str] = None,
        summary: Optional[str] = None,
        value: Any = None,
        better: Optional[str] = None,
        determinism: Optional[str] = None,
    ):
        super().__init__(function, name, summary)
        self.value, self.labels = schema.verdict(schema.hints(function).get("return") if value is None else value)
        if better not in (None, *_DIRECTIONS):
            raise ValueError(f"scorer `{self.name}`: `better` is one of {', '.join(_DIRECTIONS)}, not `{better}`")
        self.better = _DIRECTIONS[better or ("higher" if self.value in _AMOUNTS else "neutral")]
        self.determinism = determinism
        self.needs_outputs = any(p.name == "outputs" and p.default is p.empty for p in self.taken)
        self._needs_trace = any(p.name == "trace" and p.default is p.empty for p in self.taken)

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


def scorer(function: Union[Callable, str, None] = None, **options: Any) -> Any:
    """Makes a scorer of a function: `@scorer`, or with options `@scorer(name="tone", better="lower")`.

    Options: `name`, `summary` (else the docstring), `value` (the type of its verdicts, or a list of labels; else the
    annotation of what it returns), `better` (`higher`, `lower` or `neutral`), `determinism` (`pure`, `judge` or
    `volatile`; else by what the plugin may use).

    With a name instead of a function it is a scorer of a server, for MLflow's `evaluate`: see `karat.mlflow.scorer`.
    """
    if isinstance(function, str):
        from . import mlflow

        return mlflow.scorer(function, **options)
    return offer(Scorer, SCORERS, function, options)
