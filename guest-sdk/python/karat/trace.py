"""What the application did on the way to its answer, in MLflow's words."""

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Dict, Iterator, List, Optional, Union

from . import _host, dialects

#: Spans that are asked for at once.
_PAGE = 256


class SpanType:
    """Kinds of steps. Applications may use others: a span's type is any string."""

    AGENT = "AGENT"
    CHAIN = "CHAIN"
    CHAT_MODEL = "CHAT_MODEL"
    EMBEDDING = "EMBEDDING"
    EVALUATOR = "EVALUATOR"
    GUARDRAIL = "GUARDRAIL"
    LLM = "LLM"
    MEMORY = "MEMORY"
    PARSER = "PARSER"
    RERANKER = "RERANKER"
    RETRIEVER = "RETRIEVER"
    TASK = "TASK"
    TOOL = "TOOL"
    UNKNOWN = "UNKNOWN"
    WORKFLOW = "WORKFLOW"


class SpanStatusCode(str, Enum):
    UNSET = "UNSET"
    OK = "OK"
    ERROR = "ERROR"


class TraceState(str, Enum):
    OK = "OK"
    ERROR = "ERROR"
    IN_PROGRESS = "IN_PROGRESS"


@dataclass
class SpanStatus:
    status_code: SpanStatusCode = SpanStatusCode.UNSET
    #: Of an error.
    description: str = ""


@dataclass
class Span:
    """One step. Times are nanoseconds since 1970.

    `span_type`, `inputs` and `outputs` are given by unit tests, and found among the attributes otherwise.
    """

    name: str
    span_id: str = ""
    parent_id: Optional[str] = None
    span_type: str = ""
    inputs: Any = None
    outputs: Any = None
    start_time_ns: int = 0
    end_time_ns: Optional[int] = None
    status: SpanStatus = field(default_factory=SpanStatus)
    attributes: Dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        self.span_type = self.span_type or dialects.span_type(self.attributes) or SpanType.UNKNOWN
        if self.inputs is None:
            self.inputs = dialects.inputs(self.attributes)
        if self.outputs is None:
            self.outputs = dialects.outputs(self.attributes)

    def get_attribute(self, key: str) -> Any:
        """An attribute; none where there is no such one."""
        return self.attributes.get(key)


@dataclass
class TraceInfo:
    """What the spans come to."""

    trace_id: str
    #: Milliseconds since 1970.
    request_time: int
    #: Milliseconds; none where the first span has not ended.
    execution_duration: Optional[int]
    state: TraceState
    #: `input_tokens`, `output_tokens`, `total_tokens`; none where no span tells.
    token_usage: Optional[Dict[str, int]]

    @property
    def execution_time_ms(self) -> Optional[int]:
        return self.execution_duration


class TraceData:
    """The spans, and what went in and came out of the first of them."""

    def __init__(self, spans: List[Span]):
        self.spans = spans

    @property
    def request(self) -> Optional[str]:
        return _text(_root(self.spans), "inputs")

    @property
    def response(self) -> Optional[str]:
        return _text(_root(self.spans), "outputs")


class Trace:
    """The trace of a row. Spans come from the host as they are asked for."""

    def __init__(self, spans: Optional[List[Span]] = None, trace_id: str = "", linked: Any = None):
        self._spans = spans if linked or spans else []
        self._trace_id = trace_id
        self._linked = linked

    @property
    def spans(self) -> List[Span]:
        """All of them, by start."""
        if self._spans is None:
            self._spans = list(self._fetch(None))
        return self._spans

    @property
    def data(self) -> TraceData:
        return TraceData(self.spans)

    @cached_property
    def info(self) -> TraceInfo:
        root = _root(self.spans)
        ended = root and root.end_time_ns
        return TraceInfo(
            trace_id=self._linked.id() if self._linked else self._trace_id,
            request_time=root.start_time_ns // 1_000_000 if root else 0,
            execution_duration=(ended - root.start_time_ns) // 1_000_000 if ended else None,
            state=_state(root),
            token_usage=_token_usage(self.spans),
        )

    def search_spans(
        self,
        span_type: Optional[str] = None,
        name: Union[str, "re.Pattern[str]", None] = None,
        span_id: Optional[str] = None,
    ) -> List[Span]:
        """Those of this type, with this name (or one that a pattern is found in), or with this id; by start."""
        spans = self._named(name) if isinstance(name, str) else self.spans
        fits = lambda span: (
            (span_type is None or span.span_type == span_type)
            and (name is None or (span.name == name if isinstance(name, str) else name.search(span.name)))
            and (span_id is None or span.span_id == span_id)
        )
        return [span for span in spans if fits(span)]

    def _named(self, name: str) -> List[Span]:
        """Spans of this name at least: only those come from the host where it has not given all of them."""
        if self._spans is not None:
            return self._spans
        return list(self._fetch(_host.interface("traces").Filter(name, None, False)))

    def _fetch(self, chosen: Any) -> Iterator[Span]:
        offset = 0
        while page := self._linked.spans(chosen, offset, _PAGE):
            yield from map(_span, page)
            offset += len(page)


def of_row() -> Optional[Trace]:
    """The trace of the row at hand; none where it has none."""
    linked = _host.interface("traces").of_row(0)
    return None if linked is None else Trace(linked=linked)


def _root(spans: List[Span]) -> Optional[Span]:
    """The first step that is nobody's part."""
    known = {span.span_id for span in spans if span.span_id}
    return next((span for span in spans if span.parent_id not in known), None)


def _text(span: Optional[Span], part: str) -> Optional[str]:
    value = getattr(span, part, None)
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _state(root: Optional[Span]) -> TraceState:
    if root is None or (root.end_time_ns is None and root.start_time_ns):
        return TraceState.IN_PROGRESS
    return TraceState.ERROR if root.status.status_code is SpanStatusCode.ERROR else TraceState.OK


def _token_usage(spans: List[Span]) -> Optional[Dict[str, int]]:
    """The sum over spans; where one tells its usage, it has counted those below it already."""
    own = {span.span_id: dialects.token_usage(span.attributes) for span in spans}
    parents = {span.span_id: span.parent_id for span in spans}

    def is_counted_above(span: Span) -> bool:
        above, seen = span.parent_id, set()
        while above in parents and above not in seen:
            if own[above]:
                return True
            seen.add(above)
            above = parents[above]
        return False

    usages = [dialects.token_usage(span.attributes) for span in spans if not is_counted_above(span)]
    usages = [usage for usage in usages if usage]
    names = ("input_tokens", "output_tokens", "total_tokens")
    return {name: sum(usage.get(name, 0) for usage in usages) for name in names} if usages else None


def _span(span: Any) -> Span:
    code = type(span.status).__name__.removeprefix("Status_").upper()
    return Span(
        name=span.name,
        span_id=span.id,
        parent_id=span.parent,
        start_time_ns=span.start,
        end_time_ns=span.end,
        status=SpanStatus(SpanStatusCode(code), getattr(span.status, "value", None) or ""),
        attributes={each.key: dialects.value(each.key, json.loads(each.value)) for each in span.attributes},
    )
