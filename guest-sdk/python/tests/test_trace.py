"""Traces as scorers see them: `python3 -m unittest tests/test_trace.py` beside the folder `karat`."""

import json
import re
import unittest
from types import SimpleNamespace
from typing import Any, Dict, List

from karat import BadInput, Feedback, Row, Span, SpanStatus, SpanStatusCode, SpanType, Trace, TraceState, abstain
from karat import _host
from karat.scoring import Scorer

MS = 1_000_000


def linked(*spans: Any, page: int = 2) -> Any:
    """A host whose row has these spans, given out in pages."""

    def chosen(filter: Any, offset: int, limit: int) -> List[Any]:
        fits = [span for span in spans if filter is None or filter.name in (None, span.name)]
        return fits[offset : offset + min(limit, page)]

    handed = SimpleNamespace(id=lambda: "4bf9", spans=chosen)
    filters = lambda name, attribute, errors_only: SimpleNamespace(name=name)
    return _host.replaced("traces", SimpleNamespace(of_row=lambda place: handed, Filter=filters))


def host_span(name: str, id: str, parent: Any = None, status: Any = None, **attributes: Any) -> Any:
    pairs = [SimpleNamespace(key=key.replace("__", "."), value=json.dumps(value)) for key, value in attributes.items()]
    status = status or type("Status_Unset", (), {})()
    return SimpleNamespace(
        name=name, id=id, parent=parent, kind=None, start=5 * MS, end=9 * MS, status=status, attributes=pairs
    )


def of_host(**attributes: Any) -> Span:
    """The one span of a trace that came from the host."""
    with linked(host_span("s", "1", **attributes)):
        return _of_row().spans[0]


def _of_row() -> Trace:
    from karat.trace import of_row

    return of_row()


class Search(unittest.TestCase):
    def setUp(self):
        self.trace = Trace(
            spans=[
                Span("agent", "1", span_type=SpanType.AGENT),
                Span("search_web", "2", "1", span_type=SpanType.TOOL, inputs={"q": "x"}, outputs=["y"]),
                Span("search_mail", "3", "1", span_type=SpanType.TOOL),
            ]
        )

    def names(self, **wanted: Any) -> List[str]:
        return [span.name for span in self.trace.search_spans(**wanted)]

    def test_by_type_name_pattern_and_id(self):
        self.assertEqual(self.names(span_type=SpanType.TOOL), ["search_web", "search_mail"])
        self.assertEqual(self.names(name="agent"), ["agent"])
        self.assertEqual(self.names(name=re.compile("^search_")), ["search_web", "search_mail"])
        self.assertEqual(self.names(span_id="3", span_type=SpanType.TOOL), ["search_mail"])
        self.assertEqual(self.names(span_id="3", name="agent"), [])
        self.assertEqual(len(self.names()), 3)

    def test_a_trace_of_nothing_is_searched_like_any(self):
        self.assertEqual(Trace().search_spans(span_type=SpanType.TOOL), [])
        self.assertEqual(Trace([]).info.state, TraceState.IN_PROGRESS)


class OfTheHost(unittest.TestCase):
    def test_spans_come_page_by_page_and_by_name(self):
        with linked(*[host_span("even" if n % 2 == 0 else "odd", str(n)) for n in range(5)]):
            self.assertEqual([span.span_id for span in _of_row().spans], ["0", "1", "2", "3", "4"])
            self.assertEqual([span.span_id for span in _of_row().search_spans(name="odd")], ["1", "3"])

    def test_what_mlflow_sends_as_json_in_strings_is_read(self):
        span = of_host(mlflow__spanType="TOOL", mlflow__spanInputs='{"id": 17}', mlflow__spanOutputs='"ok"')
        self.assertEqual((span.span_type, span.inputs, span.outputs), (SpanType.TOOL, {"id": 17}, "ok"))
        self.assertEqual(span.get_attribute("mlflow.spanInputs"), {"id": 17})

    def test_other_conventions_are_understood(self):
        check: Dict[str, Dict[str, Any]] = {
            "opentelemetry": {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__call__arguments": '{"id": 17}'},
            "openinference": {"openinference__span__kind": "TOOL", "input__value": '{"id": 17}'},
            "openllmetry": {"traceloop__span__kind": "tool", "traceloop__entity__input": '{"id": 17}'},
        }
        for convention, attributes in check.items():
            span = of_host(**attributes)
            self.assertEqual((span.span_type, span.inputs), (SpanType.TOOL, {"id": 17}), convention)

    def test_a_retrieval_of_opentelemetry_is_understood(self):
        span = of_host(gen_ai__operation__name="retrieval", gen_ai__retrieval__documents='[{"id": "d1"}]')
        self.assertEqual((span.span_type, span.outputs), (SpanType.RETRIEVER, [{"id": "d1"}]))

    def test_a_span_that_says_nothing_is_unknown(self):
        span = of_host(output__value="plain text")
        self.assertEqual((span.span_type, span.inputs, span.outputs), (SpanType.UNKNOWN, None, "plain text"))

    def test_an_error_has_its_description(self):
        with linked(host_span("s", "1", status=type("Status_Error", (), {"value": "no such order"})())):
            status = _of_row().spans[0].status
        self.assertEqual((status.status_code, status.description), ("ERROR", "no such order"))


class Info(unittest.TestCase):
    def test_it_is_what_the_first_span_says(self):
        failed = SpanStatus(SpanStatusCode.ERROR, "broke")
        root = Span("answer", "1", start_time_ns=5 * MS, end_time_ns=9 * MS, inputs={"q": "ü"}, status=failed)
        trace = Trace(spans=[root, Span("step", "2", "1")], trace_id="tr-1")
        self.assertEqual((trace.info.trace_id, trace.info.state), ("tr-1", "ERROR"))
        self.assertEqual((trace.info.request_time, trace.info.execution_duration), (5, 4))
        self.assertEqual((trace.data.request, trace.data.response), ('{"q": "ü"}', None))

    def test_tokens_are_counted_once(self):
        used = lambda took, gave: {"gen_ai.usage.input_tokens": took, "gen_ai.usage.output_tokens": gave}
        told = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        agent = Span("agent", "1", attributes={"mlflow.chat.tokenUsage": told})
        below = Span("model", "2", "1", attributes=used(7, 3))
        beside = Span("model", "3", None, attributes=used(1, 2))
        usage = Trace(spans=[agent, below, beside]).info.token_usage
        self.assertEqual(usage, {"input_tokens": 8, "output_tokens": 5, "total_tokens": 13})
        self.assertIsNone(Trace(spans=[Span("s")]).info.token_usage)


class WithoutATrace(unittest.TestCase):
    def on_row(self, function: Any, **parameters: Any) -> Any:
        with _host.replaced("traces", SimpleNamespace(of_row=lambda place: None)):
            return Scorer(function).on(Row(outputs_json='"x"'), parameters)

    def test_a_scorer_that_needs_one_abstains(self):
        def tools(trace: Trace) -> bool:
            return bool(trace.search_spans(span_type=SpanType.TOOL))

        self.assertEqual(self.on_row(tools), abstain("the row has no trace"))

    def test_a_scorer_that_can_do_without_is_called(self):
        def tools(outputs, trace=None):
            return Feedback(value=trace is None)

        self.assertTrue(self.on_row(tools).value)

    def test_what_else_is_missing_is_named(self):
        def tools(expectations, trace=None):
            return expectations["expected_tool_calls"]

        with self.assertRaisesRegex(BadInput, "no `expectations.expected_tool_calls`"):
            self.on_row(tools)


if __name__ == "__main__":
    unittest.main()
