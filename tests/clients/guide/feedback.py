"""What people, judges and code think of a trace, and what they say it should have been."""

import guide
import mlflow
from mlflow.entities import AssessmentError, AssessmentSource, Expectation, Feedback

experiment = guide.experiment("feedback")
PERSON = AssessmentSource(source_type="HUMAN", source_id="alice@example.com")
JUDGE = AssessmentSource(source_type="LLM_JUDGE", source_id="openai:/gpt-4o-mini")
CODE = AssessmentSource(source_type="CODE", source_id="tests")

with mlflow.start_span("answer") as span:
    span.set_inputs({"question": "How is Oslo?"})
    with mlflow.start_span("inner") as inner:
        pass
    span.set_outputs("cold")
mlflow.flush_trace_async_logging()
trace = span.trace_id

# Values of every kind, with a comment
VALUES = {"yes": True, "no": False, "whole": 3, "part": 0.25, "zero": 0, "large": 12345678901234, "tone": "kind", "empty": "",
          "list": ["a", 1, None, 2.5], "object": {"k": [1, {"z": None}], "é": "日本"}}
for name, value in VALUES.items():
    made = mlflow.log_feedback(trace_id=trace, name=name, value=value, source=PERSON, rationale=f"because of {name}", metadata={"round": "1"})
    assert made.assessment_id.startswith("a-") and made.value == value and made.create_time_ms, made
for name, value in VALUES.items():
    stored = guide.by_name(trace)[name]
    assert stored.value == value and isinstance(stored.value, bool) == isinstance(value, bool), (name, stored.value)
    assert (stored.rationale, stored.metadata["round"], stored.source.source_id) == (f"because of {name}", "1", "alice@example.com"), stored
    assert stored.source.source_type == "HUMAN" and stored.valid and stored.trace_id == trace

# An error instead of a value
mlflow.log_feedback(trace_id=trace, name="limited", source=JUDGE, error=AssessmentError(error_code="RATE_LIMIT", error_message="too many"))
mlflow.log_feedback(trace_id=trace, name="raised", source=CODE, error=ValueError("wrong"))
stored = guide.by_name(trace)
assert (stored["limited"].error.error_code, stored["limited"].error.error_message) == ("RATE_LIMIT", "too many") and stored["limited"].value is None
assert stored["raised"].error.error_code == "ValueError" and stored["raised"].error.error_message == "wrong", stored["raised"]

# Of one span; without a source
of_span = mlflow.log_feedback(trace_id=trace, name="of span", value=1.0, source=CODE, span_id=inner.span_id)
assert mlflow.get_assessment(trace, of_span.assessment_id).span_id == inner.span_id
plain = mlflow.log_feedback(trace_id=trace, name="plain", value="x")
assert mlflow.get_assessment(trace, plain.assessment_id).source.source_type == "CODE"

# What was expected
EXPECTED = {"expected_response": "cold", "expected_facts": ["it snows", "it freezes"], "exact": {"degrees": -7}, "count": 7, "told": False}
for name, value in EXPECTED.items():
    made = mlflow.log_expectation(trace_id=trace, name=name, value=value, source=PERSON, metadata={"by": "hand"})
    read = mlflow.get_assessment(trace, made.assessment_id)
    assert isinstance(read, Expectation) and read.value == value and read.metadata["by"] == "hand", read

# Changed
tone = guide.by_name(trace)["tone"].assessment_id
changed = mlflow.update_assessment(trace_id=trace, assessment_id=tone,
                                   assessment=Feedback(name="tone", value="rude", rationale="read again", metadata={"round2": "2"}))
assert (changed.value, changed.rationale) == ("rude", "read again"), changed
read = mlflow.get_assessment(trace, tone)
assert isinstance(read, Feedback) and read.value == "rude" and (read.metadata["round"], read.metadata["round2"]) == ("1", "2"), read
assert read.last_update_time_ms >= read.create_time_ms and read.source.source_id == "alice@example.com"
expected = guide.by_name(trace)["expected_response"].assessment_id
mlflow.update_assessment(trace_id=trace, assessment_id=expected, assessment=Expectation(name="expected_response", value="freezing"))
assert mlflow.get_assessment(trace, expected).value == "freezing"

# Overridden by a person, and not any more
over = mlflow.override_feedback(trace_id=trace, assessment_id=tone, value="firm", rationale="not rude", source=PERSON)
assert (over.overrides, over.value) == (tone, "firm") and over.assessment_id != tone
assert mlflow.get_assessment(trace, tone).valid is False and mlflow.get_assessment(trace, over.assessment_id).valid
assert len(mlflow.search_traces(locations=[experiment.experiment_id], filter_string="feedback.tone = 'firm'")) == 1
assert len(mlflow.search_traces(locations=[experiment.experiment_id], filter_string="feedback.tone = 'rude'")) == 0
mlflow.delete_assessment(trace_id=trace, assessment_id=over.assessment_id)
assert mlflow.get_assessment(trace, tone).valid is True

# Deleted
mlflow.delete_assessment(trace_id=trace, assessment_id=tone)
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_assessment(trace, tone))
assert "tone" not in guide.by_name(trace)
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.log_feedback(trace_id="tr-" + "0" * 32, name="x", value=1))
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.get_trace(trace) and mlflow.override_feedback(trace_id=trace, assessment_id="a-" + "0" * 32, value=1))


# From inside
@mlflow.trace
def answer():
    mlflow.log_feedback(trace_id=mlflow.get_active_trace_id(), name="inside", value=True, source=CODE)


answer()
assert [(one.name, one.value) for one in guide.last_trace().info.assessments] == [("inside", True)]
