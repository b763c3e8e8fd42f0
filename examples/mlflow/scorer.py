"""Custom scorers as MLflow has them. With MLflow, the line below is

from mlflow.entities import Feedback, SpanType, Trace
from mlflow.genai.scorers import scorer
"""

from karat import Feedback, SpanType, Trace, scorer


@scorer
def response_length(outputs: str) -> Feedback:
    """whether the answer is as long as a reader would like it"""
    words = len(outputs.split())
    if words < 5:
        return Feedback(value=False, rationale=f"{words} words are too few to answer anything")
    if words > 60:
        return Feedback(value=False, rationale=f"{words} words are more than anybody reads")
    return Feedback(value=True, rationale=f"{words} words")


@scorer
def tool_calls(*, expectations: dict, trace: Trace) -> Feedback:
    """whether the tools that were expected were called, in that order and without errors"""
    spans = trace.search_spans(span_type=SpanType.TOOL)
    failed = [span for span in spans if span.status.status_code == "ERROR"]
    if failed:
        return Feedback(value=False, rationale=f"`{failed[0].name}` failed: {failed[0].status.description}")
    expected = [call["name"] for call in expectations["expected_tool_calls"]]
    called = [span.name for span in spans]
    if called != expected:
        return Feedback(value=False, rationale=f"called {called or 'nothing'}, expected {expected}")
    for span, call in zip(spans, expectations["expected_tool_calls"]):
        for name, value in call.get("arguments", {}).items():
            if (span.inputs or {}).get(name) != value:
                return Feedback(value=False, rationale=f"`{span.name}` got {span.inputs}, expected {name}={value!r}")
    return Feedback(value=True, rationale=f"called {called} in {trace.info.execution_duration} ms")


@scorer
def quality(inputs: dict, outputs: str) -> list[Feedback]:
    """several views of one answer"""
    words = outputs.split()
    sentences = max(1, sum(outputs.count(end) for end in ".!?"))
    asked = {word.strip("?.,!").lower() for word in inputs["question"].split() if len(word) > 3}
    repeated = sorted(word for word in asked if word in outputs.lower())
    return [
        Feedback(name="words", value=len(words)),
        Feedback(name="words_per_sentence", value=round(len(words) / sentences, 1)),
        Feedback(
            name="on_topic",
            value=bool(repeated),
            rationale=f"takes up {', '.join(repeated)}" if repeated else "takes up no word of the question",
        ),
        Feedback(name="tone", value="apologetic" if "sorry" in outputs.lower() else "neutral"),
    ]
