"""Functions as exporters: they send the results of a run elsewhere, a batch at a time."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Dict, List, Optional

from .item import Item, offer

ENCODINGS = ("json", "protobuf")

#: All exporters of this plugin, in the order they were defined.
EXPORTERS: List["Exporter"] = []


@dataclass
class Receipt:
    """What became of the spans of a batch: each is accepted or rejected."""

    accepted: int
    rejected: int = 0
    #: Why some were rejected, or a warning.
    message: Optional[str] = None


@dataclass
class Batch:
    """Spans that are handed over at once: an OTLP `ExportTraceServiceRequest`."""

    payload: bytes
    span_count: int
    #: The same where the batch is sent again, so that repeats can be told.
    id: str = "batch"
    encoding: str = "json"

    def json(self) -> Any:
        """The request, as OTLP/JSON has it."""
        return json.loads(self.payload)

    @cached_property
    def spans(self) -> List[Dict[str, Any]]:
        """All spans as OTLP/JSON has them, but for `attributes`, which are a dict: theirs and those of their events."""
        scopes = [scope for resource in self.json()["resourceSpans"] for scope in resource["scopeSpans"]]
        return [_plain({"events": [], **span}) for scope in scopes for span in scope["spans"]]

    def rejected(self, spans: int, message: str) -> Receipt:
        """Some spans were not taken, and why: no more than the batch has."""
        rejected = min(spans, self.span_count)
        return Receipt(self.span_count - rejected, rejected, message)


def _plain(told: Dict[str, Any]) -> Dict[str, Any]:
    attributes = {attribute["key"]: _value(attribute["value"]) for attribute in told.get("attributes", [])}
    events = {"events": [_plain(event) for event in told["events"]]} if "events" in told else {}
    return {**told, **events, "attributes": attributes}


def _value(value: Dict[str, Any]) -> Any:
    for kind, held in value.items():
        if kind == "intValue":
            return int(held)
        if kind == "arrayValue":
            return [_value(one) for one in held.get("values", [])]
        if kind == "kvlistValue":
            return {one["key"]: _value(one["value"]) for one in held.get("values", [])}
        return held
    return None


class Exporter(Item):
    """A function that sends a batch elsewhere."""

    noun = "exporter"
    parts_known = ("batch",)

    def __init__(
        self, function: Callable, name: Optional[str] = None, summary: Optional[str] = None, encoding: str = "json"
    ):
        super().__init__(function, name, summary)
        if encoding not in ENCODINGS:
            raise ValueError(f"exporter `{self.name}`: `encoding` is one of {', '.join(ENCODINGS)}, not `{encoding}`")
        self.encoding = encoding
        self._flush: Callable = lambda **parameters: None

    def flush(self, function: Callable) -> Callable:
        """Has a function of the same parameters called behind the last batch, to send what was held back."""
        self._flush = function
        return function

    def on(self, batch: Batch, parameters: Dict[str, Any]) -> Receipt:
        """Calls the function with a batch."""
        parts = {part: batch for part in self.parts}
        receipt = self.function(**parts, **parameters)
        return Receipt(batch.span_count) if receipt is None else receipt

    def send_rest(self, parameters: Dict[str, Any]) -> None:
        self._flush(**parameters)


def exporter(function: Optional[Callable] = None, **options: Any) -> Any:
    """Makes an exporter of a function: `@exporter`, or with options `@exporter(name="archive", encoding="protobuf")`.

    It takes the `batch`, and parameters. A batch is accepted unless it returns another `Receipt`, such as
    `batch.rejected(…)`; what it raises is a batch of which nothing is known, and a `Failure` with the code `unavailable`,
    `rate-limited` or `timed-out` has the host send it again. All batches go to one instance, so that a module can hold
    something back for `@NAME.flush`.
    """
    return offer(Exporter, EXPORTERS, function, options)
