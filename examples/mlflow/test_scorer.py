"""Tests without Karat: `python3 -m unittest`."""

import unittest

from karat import Span, SpanStatus, SpanStatusCode, SpanType, Trace
from scorer import quality, response_length, tool_calls

EXPECTED = {"expected_tool_calls": [{"name": "find_order", "arguments": {"id": 17}}, {"name": "refund"}]}


def trace(*tools: Span) -> Trace:
    root = Span("answer", "1", span_type=SpanType.AGENT, start_time_ns=1_000_000_000, end_time_ns=1_250_000_000)
    model = Span("model", "2", "1", span_type=SpanType.CHAT_MODEL)
    return Trace(spans=[root, model, *tools])


def tool(name: str, status: SpanStatus = SpanStatus(), **inputs) -> Span:
    return Span(name, f"t-{name}", "1", span_type=SpanType.TOOL, inputs=inputs, status=status)


class ResponseLength(unittest.TestCase):
    def test_the_reason_has_the_words(self):
        feedback = response_length(outputs="It arrives tomorrow before noon.")
        self.assertEqual((feedback.value, feedback.rationale), (True, "5 words"))
        self.assertFalse(response_length(outputs="No.").value)
        self.assertFalse(response_length(outputs="word " * 61).value)


class ToolCalls(unittest.TestCase):
    def check(self, spans: Trace, value: bool, rationale: str):
        feedback = tool_calls(expectations=EXPECTED, trace=spans)
        self.assertEqual((feedback.value, feedback.rationale), (value, rationale))

    def test_the_expected_ones_in_order(self):
        self.check(trace(tool("find_order", id=17), tool("refund")), True, "called ['find_order', 'refund'] in 250 ms")

    def test_another_order_is_told(self):
        called = trace(tool("refund"), tool("find_order", id=17))
        self.check(called, False, "called ['refund', 'find_order'], expected ['find_order', 'refund']")

    def test_no_calls_are_told(self):
        self.check(trace(), False, "called nothing, expected ['find_order', 'refund']")

    def test_another_argument_is_told(self):
        called = trace(tool("find_order", id=18), tool("refund"))
        self.check(called, False, "`find_order` got {'id': 18}, expected id=17")

    def test_a_tool_that_failed_is_told(self):
        broken = tool("find_order", SpanStatus(SpanStatusCode.ERROR, "no such order"), id=17)
        self.check(trace(broken, tool("refund")), False, "`find_order` failed: no such order")


class Quality(unittest.TestCase):
    def test_each_view_has_its_name(self):
        views = quality(inputs={"question": "Where is my parcel?"}, outputs="Sorry! The parcel comes tomorrow.")
        self.assertEqual(
            {view.name: view.value for view in views},
            {"words": 5, "words_per_sentence": 2.5, "on_topic": True, "tone": "apologetic"},
        )
