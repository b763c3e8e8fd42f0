"""What scorers, predictors and exporters have in common."""

import inspect
import json
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import schema


class Item:
    """A function that a plugin offers. Calling it calls the function, as unit tests do."""

    #: The word for it.
    noun: str
    #: What it can take of what it is called on; anything else is a parameter.
    parts_known: Tuple[str, ...]

    def __init__(self, function: Callable, name: Optional[str] = None, summary: Optional[str] = None):
        self.taken = schema.named(function, self.noun)
        self.function = function
        self.name = name or function.__name__
        self.summary = summary or (inspect.getdoc(function) or self.name.replace("_", " ")).split("\n\n")[0]
        self.parts = [parameter.name for parameter in self.taken if parameter.name in self.parts_known]
        own = [parameter for parameter in self.taken if parameter.name not in self.parts_known]
        self.parameters = json.dumps(schema.parameters(own, schema.hints(function)))
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)


def offer(kind: Any, items: List[Any], function: Optional[Callable], options: Dict[str, Any]) -> Any:
    """Makes an item of a function and adds it to others; where only options are known, a decorator that does."""
    if function is None:
        return lambda function: offer(kind, items, function, options)
    made = kind(function, **options)
    if any(other.name == made.name for other in items):
        raise ValueError(f"there are two {kind.noun}s named `{made.name}`")
    items.append(made)
    return made
