#!/usr/bin/env python3
"""Writes what reference implementations say of made-up calls and rankings. README.md says which and how."""

import asyncio
import json
import pathlib
import random
import sys
import types
import warnings

HERE = pathlib.Path(__file__).parent

# ragas 0.4.3 imports a model class that langchain-community no longer has.
sys.modules["langchain_community.chat_models.vertexai"] = types.SimpleNamespace(ChatVertexAI=object)

import pytrec_eval
import ragas.metrics._tool_call_f1
from agentevals.trajectory.match import create_trajectory_match_evaluator
from ragas.dataset_schema import MultiTurnSample
from ragas.messages import AIMessage, HumanMessage, ToolCall
from ragas.metrics import ToolCallAccuracy, ToolCallF1
from sklearn.metrics import ndcg_score

warnings.filterwarnings("ignore")
# It rounds to four digits, and is compared to more.
ragas.metrics._tool_call_f1.round = lambda value, digits: value

# What agentevals calls the arguments that `subset` and `superset` ask for here: it looks from the other side in this mode.
TURNED = {"subset": "superset", "superset": "subset"}


def calls(chance, length):
    """Calls of a few tools, so that some are there twice and some differ in their arguments only."""
    values = [1, 2, "x", None, [1, {"y": True}]]
    arguments = lambda: {name: chance.choice(values) for name in chance.sample("abc", chance.randrange(3))}
    return [{"name": chance.choice(["search", "book", "pay"]), "arguments": arguments()} for _ in range(length)]


def near(chance, expected):
    """Calls that are the expected ones, or not far from them."""
    made = [{**call, "arguments": dict(call["arguments"])} for call in expected]
    for _ in range(chance.randrange(3)):
        change = chance.randrange(5)
        if change == 0 and made:
            made.pop(chance.randrange(len(made)))
        elif change == 1:
            made.insert(chance.randrange(len(made) + 1), calls(chance, 1)[0])
        elif change == 2:
            chance.shuffle(made)
        elif change == 3 and made:
            chance.choice(made)["arguments"][chance.choice("abc")] = 1
        elif made:
            arguments = chance.choice(made)["arguments"]
            if arguments:
                arguments.pop(sorted(arguments)[0])
    return made


def message(called):
    """One message a call: agentevals takes the calls of one message in any order."""
    function = lambda call: {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    call = lambda call: {"id": "", "type": "function", "function": function(call)}
    return [{"role": "assistant", "content": "", "tool_calls": [call(each)]} for each in called]


def is_ambiguous(expected, called):
    """Whether calls can be paired in more than one way."""
    often = lambda some: {call["name"] for call in some if sum(call["name"] == other["name"] for other in some) > 1}
    return bool(often(expected) & often(called))


def matches(expected, called):
    """By `mode/arguments`."""
    verdicts = {}
    for mode in ("strict", "unordered", "subset", "superset"):
        for arguments in ("ignore", "exact", "subset", "superset"):
            if mode == "unordered" and arguments in TURNED:
                continue  # It asks for both directions at once.
            if mode != "strict" and arguments in TURNED and is_ambiguous(expected, called):
                continue  # It takes the first call that fits, which may be the only one for another.
            asked = TURNED.get(arguments, arguments) if mode == "subset" else arguments
            evaluate = create_trajectory_match_evaluator(trajectory_match_mode=mode, tool_args_match_mode=asked)
            verdict = evaluate(outputs=message(called), reference_outputs=message(expected))
            verdicts[f"{mode}/{arguments}"] = verdict["score"]
    return verdicts


def told(metric, expected, called):
    """What a metric of ragas says."""
    call = lambda call: ToolCall(name=call["name"], args=call["arguments"])
    answer = AIMessage(content="", tool_calls=[call(each) for each in called])
    asked = [HumanMessage(content="?"), answer]
    sample = MultiTurnSample(user_input=asked, reference_tool_calls=[call(each) for each in expected])
    return asyncio.run(metric.multi_turn_ascore(sample))


def names(some):
    return [{"name": call["name"], "arguments": {}} for call in some]


def tool_case(chance):
    expected = calls(chance, chance.randrange(1, 5))
    called = near(chance, expected)
    case = {"expected": expected, "called": called, "matches": matches(expected, called)}
    case["f1/exact"] = told(ToolCallF1(), expected, called)
    case["f1/ignore"] = told(ToolCallF1(), names(expected), names(called))
    if names(expected) == names(called):
        case["arguments"] = told(ToolCallAccuracy(), expected, called)
    return case


def trec(relevance, retrieved, measures):
    run = {"q": {document: float(len(retrieved) - rank) for rank, document in enumerate(retrieved)}}
    return pytrec_eval.RelevanceEvaluator({"q": relevance}, measures).evaluate(run)["q"]


def sklearn_ndcg(relevance, retrieved, k):
    """None where the documents that were not retrieved, which it can't leave out, would be among the first k."""
    documents = retrieved + [document for document in relevance if document not in retrieved]
    truth = [relevance.get(document, 0) for document in documents]
    scores = [len(documents) - rank for rank in range(len(documents))]
    return float(ndcg_score([truth], [scores], k=k)) if len(documents) > 1 and k <= len(retrieved) else None


def retrieval_case(chance):
    documents = [f"d{number}" for number in range(12)]
    relevance = {document: chance.choice([0, 1, 1, 2, 3]) for document in chance.sample(documents, chance.randrange(1, 6))}
    if not any(relevance.values()):
        relevance[next(iter(relevance))] = 1
    retrieved = chance.sample(documents, chance.randrange(1, 9))
    k = chance.randrange(1, 9)
    cut = trec(relevance, retrieved, {f"P.{k}", f"recall.{k}", f"ndcg_cut.{k}"})
    whole = trec(relevance, retrieved, {"set_P", "set_recall", "recip_rank", "ndcg"})
    first = trec(relevance, retrieved[:k], {"recip_rank"})
    return {
        "expected": [{"id": document, "relevance": grade} for document, grade in relevance.items()],
        "retrieved": retrieved,
        "k": k,
        "cut": {
            "precision": cut[f"P_{k}"],
            "recall": cut[f"recall_{k}"],
            "mrr": first["recip_rank"],
            "ndcg": cut[f"ndcg_cut_{k}"],
        },
        "whole": {
            "precision": whole["set_P"],
            "recall": whole["set_recall"],
            "mrr": whole["recip_rank"],
            "ndcg": whole["ndcg"],
        },
        "sklearn_ndcg": sklearn_ndcg(relevance, retrieved, k),
    }


def write(name, case, count):
    chance = random.Random(name)
    lines = ",\n".join(json.dumps(case(chance), sort_keys=True, separators=(",", ":")) for _ in range(count))
    (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n")


write("tools", tool_case, 100)
write("retrieval", retrieval_case, 100)
