"""People who look at traces: what they are asked, which traces wait for whom, and what is wrong with several."""

import guide
import mlflow
from mlflow.entities import AssessmentSource
from mlflow.entities.issue import IssueSeverity, IssueStatus
from mlflow.genai import label_schemas, review_queues
from mlflow.genai.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText

experiment = guide.experiment("review")


@mlflow.trace
def answer(question):
    return question.upper()


traces = []
for place in range(3):
    answer(f"question {place}")
    traces.append(guide.last_trace().info.trace_id)

# What is asked
SCHEMAS = {"correct": ("feedback", InputPassFail(positive_label="Right", negative_label="Wrong")),
           "tone": ("feedback", InputCategorical(options=["kind", "rude"], multi_select=True)),
           "stars": ("feedback", InputNumeric(min_value=1, max_value=5)),
           "better": ("expectation", InputText(max_length=500))}
made = {name: label_schemas.create_label_schema(name, type=type, input=input, instruction=f"Say what is {name}.", enable_comment=True)
        for name, (type, input) in SCHEMAS.items()}
for name, (type, input) in SCHEMAS.items():
    for read in [label_schemas.get_label_schema(name, experiment_id=experiment.experiment_id), label_schemas.get_label_schema(schema_id=made[name].schema_id)]:
        assert read.schema_id.startswith("ls-") and read.schema_id == made[name].schema_id
        assert (read.name, read.type.value, read.input, read.instruction, read.enable_comment) == \
            (name, type, input, f"Say what is {name}.", True), read
assert {schema.name for schema in label_schemas.list_label_schemas()} >= set(SCHEMAS)
changed = label_schemas.update_label_schema(made["stars"].schema_id, instruction="How many?", input=InputNumeric(min_value=0, max_value=10))
assert (changed.instruction, changed.input.max_value, changed.enable_comment) == ("How many?", 10, True), changed
guide.refused("RESOURCE_ALREADY_EXISTS", lambda: label_schemas.create_label_schema("correct", type="feedback", input=InputText()))
label_schemas.delete_label_schema(schema_id=made["better"].schema_id)
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: label_schemas.get_label_schema(schema_id=made["better"].schema_id))

# What waits
asked = [made["correct"].schema_id, made["tone"].schema_id]
queue = review_queues.create_review_queue("weekly", queue_type="custom", users=["alice", "bob"], schema_ids=asked)
assert queue.queue_id.startswith("rq-") and (queue.name, set(queue.users), set(queue.schema_ids)) == ("weekly", {"alice", "bob"}, set(asked)), queue
mine = review_queues.get_or_create_user_queue("alice")
assert mine.queue_id == review_queues.get_or_create_user_queue("alice").queue_id and mine.users == ["alice"], mine
assert review_queues.get_review_queue(name="weekly").queue_id == review_queues.get_review_queue(queue.queue_id).queue_id == queue.queue_id
assert {one.name for one in review_queues.list_review_queues()} == {"weekly", "alice"}
assert {one.name for one in review_queues.list_review_queues(user="bob")} == {"weekly"}
items = review_queues.add_items_to_review_queue(queue.queue_id, item_ids=traces)
assert [item.item_id for item in items] == traces and {item.status.value.lower() for item in items} == {"pending"}, items
assert len(review_queues.add_items_to_review_queue(queue.queue_id, item_ids=traces[:1])) == 1
assert len(review_queues.list_review_queue_items(queue.queue_id)) == 3

# What is answered is an assessment
person = AssessmentSource(source_type="HUMAN", source_id="alice")
mlflow.log_feedback(trace_id=traces[0], name="correct", value=True, source=person, rationale="It is.")
done = review_queues.set_review_queue_item_status(queue.queue_id, item_id=traces[0], status="complete", completed_by="alice")
assert (done.status.value.lower(), done.completed_by) == ("complete", "alice"), done
review_queues.set_review_queue_item_status(queue.queue_id, item_id=traces[1], status="declined", completed_by="bob")


def waiting(status):
    return [item.item_id for item in review_queues.list_review_queue_items(queue.queue_id, status=status)]


assert (waiting("pending"), waiting("complete"), waiting("declined")) == (traces[2:], traces[:1], traces[1:2])
again = review_queues.set_review_queue_item_status(queue.queue_id, item_id=traces[0], status="pending")
assert not again.completed_by and set(waiting("pending")) == {traces[0], traces[2]}, again
guide.refused("INVALID_PARAMETER_VALUE", lambda: review_queues.set_review_queue_item_status(queue.queue_id, item_id=traces[0], status="complete"))
guide.refused("INVALID_PARAMETER_VALUE", lambda: review_queues.update_review_queue(queue.queue_id, schema_ids=[]))
review_queues.remove_items_from_review_queue(queue.queue_id, item_ids=traces[1:])
assert [item.item_id for item in review_queues.list_review_queue_items(queue.queue_id)] == traces[:1]
renamed = review_queues.update_review_queue(queue.queue_id, name="monthly", users=["carol"])
assert (renamed.name, renamed.users) == ("monthly", ["carol"]), renamed
review_queues.delete_review_queue(queue.queue_id)
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: review_queues.get_review_queue(queue.queue_id))
assert guide.by_name(traces[0])["correct"].value is True, "what was answered stays"

# What is wrong with several
issue = mlflow.genai.create_issue(name="It shouts", severity=IssueSeverity.HIGH, description="All in capitals.",
                                  categories=["tone", "correctness"], metadata={"found": "by hand"})
assert issue.issue_id.startswith("iss-") and issue.status == IssueStatus.PENDING, issue
for trace in traces[:2]:
    mlflow.log_issue(trace_id=trace, issue_id=issue.issue_id, rationale="Here.", source=person)
read = mlflow.genai.get_issue(issue.issue_id)
assert (read.name, read.severity, read.categories, read.metadata) == \
    ("It shouts", IssueSeverity.HIGH, ["tone", "correctness"], {"found": "by hand"}), read
found = mlflow.search_traces(locations=[experiment.experiment_id], filter_string=f"issue.id = '{issue.issue_id}'", return_type="list")
assert {trace.info.trace_id for trace in found} == set(traces[:2])
mlflow.genai.create_issue(name="It is slow", severity=IssueSeverity.LOW, description="A second.")
changed = mlflow.genai.update_issue(issue.issue_id, status=IssueStatus.RESOLVED, description="Not any more.", metadata={"by": "alice"})
assert (changed.status, changed.description, changed.metadata) == (IssueStatus.RESOLVED, "Not any more.", {"found": "by hand", "by": "alice"}), changed
assert {one.name for one in mlflow.genai.search_issues()} == {"It shouts", "It is slow"}
assert [one.name for one in mlflow.genai.search_issues("status = 'resolved'")] == ["It shouts"]
assert [one.name for one in mlflow.genai.search_issues(severities=[IssueSeverity.LOW])] == ["It is slow"]
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: mlflow.genai.get_issue("iss-" + "0" * 32))
