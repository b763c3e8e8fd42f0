"""The interfaces of the host that this plugin was built with; none of them outside of a component.

`karat plugin build` links those that `plugin.toml` declares. `karat.testing` puts others in their place.
"""

from contextlib import contextmanager
from importlib import import_module
from typing import Any, Callable, Iterator

from .errors import Failure


def _linked(interface: str) -> Any:
    try:
        return import_module(f"wit_world.imports.{interface}")
    except ImportError:
        return None


INTERFACES = {name: _linked(name) for name in ("types", "log", "http", "judge", "kv", "traces", "sink", "config", "ambient")}


def interface(name: str) -> Any:
    """An interface of the host; fails where the plugin was built without it."""
    found = INTERFACES[name]
    if found is None:
        raise Failure(f"`{name}` is not there: declare it under `capabilities` in `plugin.toml`", "denied")
    return found


def call(function: Callable, *arguments: Any) -> Any:
    """Calls the host; what it refuses is a `Failure` with its code."""
    try:
        return function(*arguments)
    except Failure:
        raise
    except Exception as error:
        raise as_failure(getattr(error, "value", None)) or error


def as_failure(refused: Any) -> Any:
    """A `Failure` for the host's, none for anything else."""
    if hasattr(refused, "code") and hasattr(refused, "message"):
        return Failure(refused.message, refused.code.name.lower().replace("_", "-"))
    return None


@contextmanager
def replaced(name: str, other: Any) -> Iterator[None]:
    """Another interface for a while."""
    before = INTERFACES[name]
    INTERFACES[name] = other
    try:
        yield
    finally:
        INTERFACES[name] = before
