"""Evaluating an application: lists, tables, traces; scorers of one's own, and MLflow's judges on a model that says yes."""

import guide
import mlflow
import pandas
from mlflow.entities import AssessmentSource, Document, Feedback
from mlflow.genai.judges import make_judge, meets_guidelines
from mlflow.genai.scorers import (
    Correctness, ExpectationsGuidelines, Guidelines, RelevanceToQuery, RetrievalGroundedness, RetrievalRelevance,
    RetrievalSufficiency, Safety, scorer)

experiment = guide.experiment("evaluating")


@mlflow.trace(span_type="RETRIEVER")
def search(question):
    return [Document(page_content="Oslo is cold.", metadata={"doc_uri": "oslo.md"}, id="d1"),
            Document(page_content="Bergen is wet.", metadata={"doc_uri": "bergen.md"}, id="d2")]


@mlflow.trace(span_type="AGENT")
def predict(question):
    search(question)
    return f"{question.split()[-1].strip('?')}: 7 degrees"


# Scorers of one's own
@scorer
def short(outputs):
    return len(outputs) < 100


@scorer(aggregations=["mean", "min", "max"])
def length(outputs):
    return len(outputs)


@scorer
def exact(outputs, expectations):
    same = outputs == expectations["expected_response"]
    return Feedback(value="yes" if same else "no", rationale="the same" if same else "another")


@scorer
def several(inputs, outputs):
    return [Feedback(name="polite", value=True), Feedback(name="warmth", value=0.5, source=AssessmentSource(source_type="HUMAN", source_id="alice"))]


@scorer
def documents(trace):
    return sum(len(span.outputs) for span in trace.search_spans(span_type="RETRIEVER"))


@scorer
def broken(outputs):
    raise RuntimeError("no idea")


ROWS = [{"inputs": {"question": "How is Oslo?"}, "expectations": {"expected_response": "Oslo: 7 degrees"}, "tags": {"row": "first"}},
        {"inputs": {"question": "How is Bergen?"}, "expectations": {"expected_response": "wet"}}]
OWN = [short, length, exact, several, documents, broken]
result = mlflow.genai.evaluate(data=ROWS, predict_fn=predict, scorers=OWN)
metrics = result.metrics
assert (metrics["short/mean"], metrics["exact/mean"], metrics["polite/mean"], metrics["warmth/mean"]) == (1, 0.5, 1, 0.5), metrics
assert (metrics["length/min"], metrics["length/mean"], metrics["length/max"]) == (15, 16, 17) and metrics["documents/mean"] == 2, metrics
assert "broken/mean" not in metrics, metrics

run = mlflow.get_run(result.run_id)
assert run.info.status == "FINISHED" and run.data.metrics == metrics, (run.data.metrics, metrics)
assert [one.dataset.name for one in run.inputs.dataset_inputs] == ["dataset"], run.inputs
traces = mlflow.search_traces(run_id=result.run_id, return_type="list")
assert len(traces) == 2 and {trace.info.trace_metadata["mlflow.sourceRun"] for trace in traces} == {result.run_id}
first = next(trace for trace in traces if "Oslo" in str(trace.data.request))
assert first.info.tags["row"] == "first" and first.data.response == '"Oslo: 7 degrees"', first.info.tags
seen = {assessment.name: assessment for assessment in first.info.assessments}
assert set(seen) == {"short", "length", "exact", "polite", "warmth", "documents", "broken", "expected_response"}, set(seen)
assert (seen["short"].value, seen["length"].value, seen["exact"].value, seen["exact"].rationale) == (True, 15, "yes", "the same")
assert seen["warmth"].source.source_type == "HUMAN" and seen["short"].source.source_type == "CODE"
assert seen["short"].metadata["mlflow.assessment.sourceRunId"] == result.run_id, seen["short"].metadata
assert seen["broken"].error.error_code == "SCORER_ERROR" and "no idea" in seen["broken"].error.error_message, seen["broken"]
assert seen["expected_response"].value == "Oslo: 7 degrees" and seen["expected_response"].source.source_type == "HUMAN"
table = result.result_df
assert len(table) == 2 and sorted(table["exact/value"]) == ["no", "yes"], list(table.columns)

# A table with answers that are there already, in a run that is open
answers = pandas.DataFrame([{"inputs": {"question": "How is Oslo?"}, "outputs": "cold", "expectations": {"expected_response": "cold"}},
                            {"inputs": {"question": "How is Bergen?"}, "outputs": "wet", "expectations": {"expected_response": "wet"}}])
with mlflow.start_run() as run:
    result = mlflow.genai.evaluate(data=answers, scorers=[exact, short])
    assert result.run_id == run.info.run_id
    mlflow.log_param("kept", "open")
assert result.metrics == {"exact/mean": 1, "short/mean": 1}, result.metrics
assert len(mlflow.search_traces(run_id=result.run_id)) == 2

# Traces that are there already
predict("How is Tromsø?")
existing = guide.last_trace()
for data in [[existing], pandas.DataFrame([{"trace": existing}])]:
    result = mlflow.genai.evaluate(data=data, scorers=[short, documents])
    assert result.metrics == {"short/mean": 1, "documents/mean": 2}, result.metrics
    assert [trace.info.trace_id for trace in mlflow.search_traces(run_id=result.run_id, return_type="list")] == [existing.info.trace_id]
assert [one.name for one in mlflow.get_trace(existing.info.trace_id).info.assessments].count("short") == 2

# MLflow's judges
friendly = make_judge(name="friendly", instructions="Is {{ outputs }} a friendly answer to {{ inputs }}?", feedback_value_type=bool)
graded = make_judge(name="graded", instructions="Grade {{ outputs }} against {{ expectations }}.", feedback_value_type=int)
chosen = make_judge(name="chosen", instructions="Read {{ outputs }}.", model="openai:/gpt-4o-mini")
JUDGES = [Correctness(), Safety(), Guidelines(name="brief", guidelines=["Be brief."]), ExpectationsGuidelines(), RelevanceToQuery(),
          RetrievalGroundedness(), RetrievalRelevance(), RetrievalSufficiency(), friendly, graded, chosen]
judged = [{"inputs": {"question": "How is Oslo?"}, "expectations": {"expected_response": "Oslo: 7 degrees", "guidelines": ["Name the place."]}}]
result = mlflow.genai.evaluate(data=judged, predict_fn=predict, scorers=JUDGES)
NAMES = ["correctness", "safety", "brief", "expectations_guidelines", "relevance_to_query", "retrieval_groundedness", "retrieval_sufficiency"]
for name in NAMES:
    assert result.metrics[f"{name}/mean"] == 1, (name, result.metrics)
assert result.metrics["friendly/mean"] == 1 and result.metrics["graded/mean"] == 1, result.metrics
trace = mlflow.search_traces(run_id=result.run_id, return_type="list")[0]
verdicts = {assessment.name: assessment for assessment in trace.info.assessments}
for name in NAMES:
    assert (verdicts[name].value, verdicts[name].source.source_type) == ("yes", "LLM_JUDGE"), verdicts[name]
    assert verdicts[name].rationale, verdicts[name]
assert (verdicts["friendly"].value, verdicts["graded"].value, verdicts["chosen"].value) == (True, 1, "yes"), verdicts
assert "Be brief." in str(verdicts["brief"].metadata), verdicts["brief"]
relevance = [one for one in trace.info.assessments if one.name == "retrieval_relevance"]
assert len(relevance) == 2 and verdicts["retrieval_relevance/precision"].value == 1, relevance

# One judge alone, and what it says of a trace
assert Safety()(outputs="It is 7 degrees.").value == "yes"
verdict = meets_guidelines(guidelines="Be brief.", context={"request": "How is Oslo?", "response": "cold"})
assert verdict.value == "yes" and verdict.rationale, verdict
verdict = friendly(inputs={"question": "How is Oslo?"}, outputs="cold")
mlflow.log_assessment(trace_id=existing.info.trace_id, assessment=verdict)
stored = guide.by_name(existing.info.trace_id)["friendly"]
assert stored.value is True and stored.source.source_id == "openai:/gpt-4o-mini", stored
