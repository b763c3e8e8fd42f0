"""Lines for the plugin's author. The host shows the last of them with a failure; they never count as results."""

from . import _host


def _emit(level: str, message: object) -> None:
    linked = _host.INTERFACES["log"]
    if linked is not None:
        linked.emit(linked.Level[level], str(message))


def debug(message: object) -> None:
    _emit("DEBUG", message)


def info(message: object) -> None:
    _emit("INFO", message)


def warn(message: object) -> None:
    _emit("WARN", message)


def error(message: object) -> None:
    _emit("ERROR", message)
