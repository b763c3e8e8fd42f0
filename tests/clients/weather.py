"""What every client's application does with the model, and what is known of it afterwards."""

import json

from model import ANSWER, QUESTION

ASKED = QUESTION[1]["content"]
ANSWERED = ANSWER["content"]
MODEL = "gpt-4o-mini-2024-07-18"
# Input, output, total, of the cache, of reasoning: of the call that asks for the weather, and of the one that answers.
FIRST = (40, 15, 55, 0, 5)
SECOND = (70, 8, 78, 32, 0)


def says(value, *texts):
    """Whether JSON of whatever shape has these texts in it."""
    text = json.dumps(value, ensure_ascii=False)
    return all(one in text for one in texts)


def two_chats(expect, first, second, kind, tokens=(FIRST, SECOND), model=MODEL, result="7 degrees"):
    expect("both are calls of a model", (first.kind, second.kind), (kind, kind))
    expect("the model that answered", (first.model, second.model), (model, model))
    expect("tokens, of the cache and of reasoning, too", (first.counts(), second.counts()), tokens)
    expect("what was asked", says(first.inputs, ASKED) and not says(first.inputs, result), True)
    expect("the call that the model asked for", says(first.outputs, "call_1", "weather", "Oslo"), True)
    expect("what was asked again", says(second.inputs, ASKED, "call_1", result), True)
    expect("the answer", says(second.outputs, ANSWERED), True)


def one_tool(expect, tool, arguments={"city": "Oslo"}, result="7 degrees"):
    expect("the tool", (tool.kind, tool.inputs, tool.outputs), ("TOOL", arguments, result))


def of_all(expect, info, tokens=(110, 23), cost=True):
    expect("state", (info["state"], info["errors"], info["service"]), ("ok", 0, "weather"))
    expect("tokens of all, each once", (info["tokens"]["input"], info["tokens"]["output"]), tokens)
    expect("a cost", info["cost"] > 0, cost)


def messages_are_read(expect, trace):
    """A trace that is one call of a model shows what was said last by either side: its messages were read as such."""
    expect("messages are read", (trace.info["inputs"], trace.info["outputs"]), (ASKED, ANSWERED))
