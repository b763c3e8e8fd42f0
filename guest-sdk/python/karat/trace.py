"""What the application did on the way to its answer."""

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional

from . import _host

#: Spans that are asked for at once.
_PAGE = 256


@dataclass
class Span:
    """One step. Times are nanoseconds since 1970."""

    name: str
    id: str = ""
    parent_id: Optional[str] = None
    kind: str = "internal"
    start_time_ns: int = 0
    end_time_ns: Optional[int] = None
    #: `unset`, `ok`, or `error`.
    status: str = "unset"
    error: Optional[str] = None
    attributes: Dict[str, Any] = field(default_factory=dict)


class Trace:
    """The trace of a row. Spans come from the host as they are asked for."""

    def __init__(self, spans: Optional[List[Span]] = None, linked: Any = None):
        self._spans = spans
        self._linked = linked

    @property
    def id(self) -> str:
        return self._linked.id() if self._linked else ""

    @property
    def spans(self) -> List[Span]:
        """All of them, by start."""
        if self._spans is None:
            self._spans = list(self._fetch(None))
        return self._spans

    def search_spans(self, name: Optional[str] = None, errors_only: bool = False) -> List[Span]:
        """Those with this name, or that ended in an error."""
        if self._spans is None:
            traces = _host.interface("traces")
            return list(self._fetch(traces.Filter(name, None, errors_only)))
        fits = lambda span: (name is None or span.name == name) and not (errors_only and span.status != "error")
        return [span for span in self._spans if fits(span)]

    def _fetch(self, chosen: Any) -> Iterator[Span]:
        offset = 0
        while page := self._linked.spans(chosen, offset, _PAGE):
            yield from map(_span, page)
            offset += len(page)


def of_row() -> Optional[Trace]:
    """The trace of the row at hand; none where it has none."""
    linked = _host.interface("traces").of_row(0)
    return None if linked is None else Trace(linked=linked)


def _span(span: Any) -> Span:
    status = type(span.status).__name__.removeprefix("Status_").lower()
    return Span(
        name=span.name,
        id=span.id,
        parent_id=span.parent,
        kind=span.kind.name.lower(),
        start_time_ns=span.start,
        end_time_ns=span.end,
        status=status,
        error=getattr(span.status, "value", None),
        attributes={attribute.key: json.loads(attribute.value) for attribute in span.attributes},
    )
