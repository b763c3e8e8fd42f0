"""Annotations as JSON Schema (2020-12), and as the shape of a verdict."""

import enum
import inspect
import types
import typing
from typing import Any, Dict, List, Literal, Tuple, Union, get_args, get_origin

from .feedback import Feedback

_SIMPLE = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
_VERDICTS = {bool: "boolean", int: "number", float: "number", str: "text"}
_MISSING = inspect.Parameter.empty


def parameters(taken: List[inspect.Parameter], hints: Dict[str, Any]) -> Dict[str, Any]:
    """The schema of an object with these parameters."""
    properties = {}
    for parameter in taken:
        properties[parameter.name] = of(hints.get(parameter.name, Any))
        if parameter.default is not _MISSING:
            properties[parameter.name]["default"] = parameter.default
    required = [parameter.name for parameter in taken if parameter.default is _MISSING]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def of(hint: Any) -> Dict[str, Any]:
    """The schema of values of a type; anything for a type that JSON does not have."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is type(None):
        return {"type": "null"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [of(argument) for argument in arguments]}
    if origin is list and arguments:
        return {"type": "array", "items": of(arguments[0])}
    if origin is dict and len(arguments) == 2:
        return {"type": "object", "additionalProperties": of(arguments[1])}
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    known = _SIMPLE.get(origin or hint)
    return {"type": known} if known else {}


def verdict(hint: Any) -> Tuple[str, List[str]]:
    """The shape of verdicts of a type, with the labels it can take: `any` where the type does not tell."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal and all(isinstance(label, str) for label in arguments):
        return "label", list(arguments)
    if inspect.isclass(hint) and issubclass(hint, enum.Enum):
        return "label", [str(member.value) for member in hint]
    if isinstance(hint, (list, tuple)):
        return "label", [str(label) for label in hint]
    if origin is list and arguments and arguments[0] in _VERDICTS:
        return _VERDICTS[arguments[0]] + "s", []
    if origin in (Union, types.UnionType):
        # A scorer that may abstain as well.
        kinds = [argument for argument in arguments if argument not in (Feedback, type(None)) and _names_kind(argument)]
        return verdict(kinds[0]) if len(kinds) == 1 and len(arguments) - len(kinds) <= 1 else ("any", [])
    return _VERDICTS.get(hint, "any"), []


def _names_kind(hint: Any) -> bool:
    return verdict(hint)[0] != "any"


def named(function: Any, noun: str) -> List[inspect.Parameter]:
    """What a function takes, all of it by name."""
    taken = list(inspect.signature(function).parameters.values())
    for parameter in taken:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{noun} `{function.__name__}`: name what it takes instead of `{parameter}`")
    return taken


def hints(function: Any) -> Dict[str, Any]:
    """A function's annotations; none of those that can't be resolved."""
    try:
        return typing.get_type_hints(function)
    except Exception:
        return {}
