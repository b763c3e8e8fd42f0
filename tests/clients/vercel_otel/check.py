"""What Karat has to know of what the AI SDK tells through `@ai-sdk/otel`, since version 7."""

import weather

# It tells nothing of reasoning.
TOKENS = ((40, 15, 55, 0, 0), weather.SECOND)


def whole(karat, expect, of):
    trace = karat.trace(f"span.attributes.gen_ai.agent.name = '{of}'")
    claim = lambda claim, got, expected: expect(f"{of}: {claim}", got, expected)
    root = "invoke_agent gpt-4o-mini"
    # What starts in one millisecond has no order.
    claim("nesting", sorted(trace.tree()), [
        root, f"{root} > step 1", f"{root} > step 2", "step 1 > chat gpt-4o-mini", "step 1 > execute_tool weather",
        "step 2 > chat gpt-4o-mini"])
    claim("kinds", {span.name: span.kind for span in trace.spans}, {
        root: "AGENT", "step 1": "CHAIN", "step 2": "CHAIN", "chat gpt-4o-mini": "CHAT_MODEL", "execute_tool weather": "TOOL"})
    claim("what came in and went out", (trace.info["inputs"], trace.info["outputs"]), (weather.ASKED, weather.ANSWERED))
    first, second = trace.named("chat gpt-4o-mini")
    claim("the answer", weather.says(second.outputs, weather.ANSWERED), True)
    claim("the call that the model asked for", weather.says(first.outputs, "call_1", "weather", "Oslo"), True)
    claim("models and tokens", [(span.model, span.counts()) for span in [first, second]],
          [(weather.MODEL, tokens) for tokens in TOKENS])
    return trace, claim


def check_whole_and_streamed(karat, expect):
    for of in ["whole", "streamed"]:
        trace, claim = whole(karat, expect, of)
        weather.one_tool(claim, trace.span("execute_tool weather"))
        weather.of_all(claim, trace.info)
        claim("a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)


def check_broken_tool(karat, expect):
    trace, claim = whole(karat, expect, "broken tool")
    tool = trace.span("execute_tool weather")
    claim("the tool", (tool.inputs, tool.error), ({"city": "Oslo"}, "the sensor is off"))
    claim("state", (trace.info["state"], trace.info["errors"]), ("ok", 1))


def check_embedded(karat, expect):
    trace = karat.trace("span.type = 'EMBEDDING'")
    expect("embeddings: kinds", [span.kind for span in trace.spans], ["EMBEDDING", "EMBEDDING"])
    expect("embeddings: the model, and tokens once", (trace.root.model, trace.info["tokens"]["total"]), ("text-embedding-3-small", 4))


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: all spans", [span.error for span in trace.spans], ["The model is out of order."] * 3)
    expect("a failure: the model that was asked", (trace.root.model, trace.span("chat broken").model), ("broken", "broken"))
