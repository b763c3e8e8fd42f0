"""The file that an exporter may write to, which whoever runs it chooses."""

from typing import Union

from . import _host


def write(data: Union[bytes, str]) -> None:
    """Appends to the file. Raises `Failure` where there is none, or where far more would be written than was handed over."""
    _host.call(_host.interface("sink").write, data.encode() if isinstance(data, str) else data)
