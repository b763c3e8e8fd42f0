"""Requests to the hosts that `plugin.toml` declares and the suite grants. Redirects are answers, not followed.

`{{secret:NAME}}` in the value of a header is filled in by the host, for the hosts that NAME is bound to.
"""

import json as _json
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

from . import _host


@dataclass
class Response:
    status: int
    body: bytes = b""
    #: By name in lower case; of several the last.
    headers: Dict[str, str] = field(default_factory=dict)
    #: The body was cut off at the limit.
    truncated: bool = False

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return _json.loads(self.body)


def send(
    method: str,
    url: str,
    headers: Optional[Dict[str, str]] = None,
    body: bytes = b"",
    json: Any = None,
    timeout_ms: Optional[int] = None,
) -> Response:
    """Sends a request, with `json` as its body where that is given. Raises `Failure` where it can't be sent."""
    headers = dict(headers or {})
    if json is not None:
        body = _json.dumps(json).encode()
        headers.setdefault("content-type", "application/json")
    linked = _host.interface("http")
    sent = [linked.Header(name, value.encode()) for name, value in headers.items()]
    request = linked.Request(linked.Method[method.upper()], url, sent, body, timeout_ms)
    answer = _host.call(linked.send, request)
    received = {header.name.lower(): header.value.decode("latin-1") for header in answer.headers}
    return Response(answer.status, answer.body, received, answer.truncated)


def get(url: str, headers: Optional[Dict[str, str]] = None, timeout_ms: Optional[int] = None) -> Response:
    return send("GET", url, headers, timeout_ms=timeout_ms)


def post(url: str, json: Any = None, headers: Optional[Dict[str, str]] = None, body: bytes = b"") -> Response:
    return send("POST", url, headers, body, json)
