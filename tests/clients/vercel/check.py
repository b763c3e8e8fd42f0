"""What Karat has to know of what the AI SDK tells itself, up to version 6."""

import weather


def whole(karat, expect, of, root, inner, result="7 degrees"):
    trace = karat.trace(f"name = '{root}' and span.attributes.ai.telemetry.functionId = '{of}'")
    claim = lambda claim, got, expected: expect(f"{of}: {claim}", got, expected)
    # What starts in one millisecond has no order.
    claim("nesting", sorted(trace.tree()), [root, *(f"{root} > {name}" for name in [inner, inner, "ai.toolCall"])])
    claim("what came in and went out", (trace.info["inputs"], trace.info["outputs"]), (weather.ASKED, weather.ANSWERED))
    claim("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    claim("metadata", trace.info["metadata"], {"team": "north"})
    weather.two_chats(claim, *trace.named(inner), "LLM", result=result)
    return trace, claim


def check_whole_and_streamed(karat, expect):
    for of, root, inner in [("whole", "ai.generateText", "ai.generateText.doGenerate"),
                            ("streamed", "ai.streamText", "ai.streamText.doStream")]:
        trace, claim = whole(karat, expect, of, root, inner)
        weather.one_tool(claim, trace.span("ai.toolCall"))
        weather.of_all(claim, trace.info)


def check_broken_tool(karat, expect):
    trace, claim = whole(karat, expect, "broken tool", "ai.generateText", "ai.generateText.doGenerate",
                         result="the sensor is off")
    tool = trace.span("ai.toolCall")
    claim("the tool", (tool.kind, tool.inputs, tool.error), ("TOOL", {"city": "Oslo"}, "the sensor is off"))
    claim("state", (trace.info["state"], trace.info["errors"]), ("ok", 1))


def check_embedded(karat, expect):
    trace = karat.trace("name = 'ai.embed'")
    expect("embeddings: nesting", trace.tree(), ["ai.embed", "ai.embed > ai.embed.doEmbed"])
    expect("embeddings: kinds", [span.kind for span in trace.spans], ["EMBEDDING", "EMBEDDING"])
    expect("embeddings: tokens, once", trace.info["tokens"]["total"], 4)
    expect("what was embedded", (trace.root.inputs, trace.root.model), ("weather in Oslo", "text-embedding-3-small"))


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: both spans", [span.error for span in trace.spans], ["The model is out of order."] * 2)
    expect("a failure: the model that was asked", [span.model for span in trace.spans], ["broken"] * 2)
