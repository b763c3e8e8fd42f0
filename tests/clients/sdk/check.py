"""What Karat has to know of spans that were made by hand."""

from model import ANSWER, QUESTION

LONG = 100_000
VALUES = {
    "a.text": "Ærlig talt, 7 °C 🌧\n\"so\"", "a.true": True, "an.integer": -(2**63), "a.double": 0.1, "a.whole": 3.0,
    "texts": ["a", ""], "integers": [1, 2], "doubles": [1.0, 0.5], "booleans": [True, False], "long": "x" * LONG,
}


def check_agents(karat, expect, _):
    for transport in ["http", "grpc"]:
        for style in ["attributes", "events"]:
            of = f"{transport} {style}"
            trace = karat.trace(f"name = 'invoke_agent {of}'")
            agent_of(trace, of, transport, lambda claim, got, expected: expect(f"{of}: {claim}", got, expected))
            expect(f"{of}: scorers find the document, and no other",
                   (karat.retrieved(trace, ["d1"]), karat.retrieved(trace, ["d2"])), (True, False))
            expect(f"{of}: a scorer finds no other call", karat.called(trace, [("weather", {"city": "Rome"})]), False)
            expect(f"{of}: a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)


def agent_of(trace, of, transport, expect):
    root = f"invoke_agent {of}"
    inner = ["chat gpt-4o-mini", "execute_tool weather", "retrieval oslo.md", "chat gpt-4o-mini"]
    expect("nesting", trace.tree(), [root] + [f"{root} > {name}" for name in inner])
    expect("kinds", [span.kind for span in trace.spans], ["AGENT", "CHAT_MODEL", "TOOL", "RETRIEVER", "CHAT_MODEL"])
    info = trace.info
    expect("state", (info["state"], info["errors"], info["spans"]), ("ok", 0, 5))
    expect("service, session, user", (info["service"], info["session"], info["user"]),
           (f"over {transport}", f"session of {of}", "alice"))
    expect("what is shown", (info["inputs"], info["outputs"]), (QUESTION[1]["content"], ANSWER["content"]))
    expect("tokens of all", (info["tokens"]["input"], info["tokens"]["output"]), (110, 23))
    expect("cost of all", info["cost"] > 0 and info["unpriced"] == 0, True)
    expect("models", info["models"], ["gpt-4o-mini-2024-07-18"])
    first, second = trace.named("chat gpt-4o-mini")
    expect("tokens of each", [first.counts(), second.counts()], [(40, 15, 55, 0, 5), (70, 8, 78, 32, 0)])
    expect("roles asked", [message["role"] for message in second.inputs][-3:], ["user", "assistant", "tool"])
    expect("role answered", [message["role"] for message in second.outputs], ["assistant"])
    expect("what was answered", ANSWER["content"] in str(second.outputs), True)
    tool = trace.span("execute_tool weather")
    expect("arguments and result", (tool.inputs, tool.outputs), ({"city": "Oslo"}, "7 degrees"))
    found = trace.span("retrieval oslo.md")
    expect("what was looked for and found", (found.inputs, [document["id"] for document in found.outputs]), ("Oslo", ["d1"]))


def check_failure(karat, expect, _):
    trace = karat.trace("status = 'ERROR' and span.type = 'TOOL' and span.status = 'ERROR'")
    expect("a failure: state", (trace.info["name"], trace.info["state"], trace.info["errors"]), ("failing", "error", 2))
    expect("a failure: what is said", trace.root.error, "no weather: the sensor is off")
    expect("a failure: of the tool", trace.span("execute_tool weather").error, "the sensor is off")
    events = karat.spans(trace)[1]["events"]
    expect("a failure: its exception", (events[0]["name"], events[0]["attributes"]["exception.type"]), ("exception", "TimeoutError"))
    expect("a failure is found by its text", len(karat.search("text contains 'sensor is off'")), 1)


def check_values(karat, expect, _):
    for transport in ["http", "grpc"]:
        trace = karat.trace(f"name = 'values' and service = 'over {transport}'")
        got = trace.root.attributes
        expect(f"{transport}: every attribute as it was sent", got, VALUES)
        types = {name: type(value) for name, value in got.items()}
        expect(f"{transport}: each of its type", types, {name: type(value) for name, value in VALUES.items()})
        span = karat.spans(trace)[0]
        expect(f"{transport}: links", span["links"], [{
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "attributes": {"why": "it began there"}}])
        expect(f"{transport}: resource and scope", (span["resource"]["service.version"], span["scope"]["name"], span["scope"]["version"]),
               ("1.2", "app", "3"))


def check_two_services(karat, expect, _):
    trace = karat.trace("name = 'front'")
    expect("one trace through two services and transports", trace.tree(), ["front", "front > back"])
    kinds = [(span["kind"], span["resource"]["service.name"]) for span in karat.spans(trace)]
    expect("each span of its service", kinds, [("CLIENT", "over http"), ("SERVER", "over grpc")])


def check_late_root(karat, expect, told):
    before, after = told["before"], told["after"]
    expect("a late root: before it comes", (before["state"], before["root"], before["spans"]), ("in_progress", None, 100))
    expect("a late root: tokens before it comes", before["tokens"]["total"], 150)
    expect("a late root: after it", (after["state"], after["name"], after["spans"]), ("ok", "late root", 101))
    trace = karat.trace("name = 'late root'")
    expect("a late root: the tree over many batches", sorted(trace.tree()), sorted(
        ["late root", *(name for n in range(50) for name in [f"late root > step {n}", f"step {n} > leaf"])]))
    expect("a late root: nothing is counted twice", (trace.info["tokens"]["input"], trace.info["tokens"]["output"]), (50, 100))


def check_how_much_there_is(karat, expect, _):
    expect("as many traces as were sent", len(karat.search("spans > 0")), 9)
