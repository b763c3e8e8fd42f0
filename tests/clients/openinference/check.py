"""What Karat has to know of OpenAI's client as OpenInference sees it."""

import weather


def check_whole(karat, expect):
    trace = karat.trace("name = 'whole'")
    inner = ["ChatCompletion", "weather", "ChatCompletion", "CreateEmbeddings"]
    expect("nesting", trace.tree(), ["whole", *(f"whole > {name}" for name in inner)])
    expect("the agent", (trace.root.kind, trace.root.inputs, trace.root.outputs), ("AGENT", weather.ASKED, weather.ANSWERED))
    weather.two_chats(expect, *trace.named("ChatCompletion"), "LLM")
    weather.one_tool(expect, trace.span("weather"))
    weather.of_all(expect, trace.info, tokens=(114, 23))
    expect("a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)
    expect("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    expect("metadata", trace.info["metadata"], {"tag.tags": '["a"]', "team": "north"})
    embedding = trace.span("CreateEmbeddings")
    expect("embeddings", (embedding.kind, embedding.model, embedding.counts()),
           ("EMBEDDING", "text-embedding-3-small", (4, 0, 4, 0, 0)))
    expect("what was embedded", weather.says(embedding.inputs, "weather in Oslo"), True)


def check_streamed(karat, expect):
    claim = lambda claim, got, expected: expect(f"streamed: {claim}", got, expected)
    trace = karat.trace("name = 'streamed'")
    weather.two_chats(claim, *trace.named("ChatCompletion"), "LLM")
    weather.of_all(claim, trace.info)


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: state", (trace.info["name"], trace.info["state"], trace.info["errors"]), ("failed", "error", 2))
    chat = trace.span("ChatCompletion")
    expect("a failure: what is said", "The model is out of order." in chat.error, True)
    expect("a failure: what was asked", weather.says(chat.inputs, weather.ASKED), True)
    expect("a failure: the model that was asked", chat.model, "broken")


def check_alone(karat, expect):
    weather.messages_are_read(expect, karat.trace("name = 'ChatCompletion'"))
