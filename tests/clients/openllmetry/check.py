"""What Karat has to know of OpenAI's client as OpenLLMetry sees it."""

import weather


def check_whole(karat, expect):
    trace = karat.trace("name = 'whole'")
    inner = ["openai.chat", "weather", "openai.chat", "openai.embeddings"]
    expect("nesting", trace.tree(), ["whole", *(f"whole > {name}" for name in inner)])
    expect("the agent", trace.root.kind, "AGENT")
    weather.two_chats(expect, *trace.named("openai.chat"), "CHAT_MODEL")
    weather.one_tool(expect, trace.span("weather"))
    weather.of_all(expect, trace.info, tokens=(114, 23))
    expect("a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)
    expect("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    embedding = trace.span("openai.embeddings")
    expect("embeddings", (embedding.kind, embedding.model, embedding.counts()),
           ("EMBEDDING", "text-embedding-3-small", (4, 0, 4, 0, 0)))
    expect("what was embedded", weather.says(embedding.inputs, "weather in Oslo"), True)


def check_streamed(karat, expect):
    claim = lambda claim, got, expected: expect(f"streamed: {claim}", got, expected)
    trace = karat.trace("name = 'streamed'")
    expect("streamed: the workflow", trace.root.kind, "WORKFLOW")
    # It tells nothing of reasoning where it streams.
    weather.two_chats(claim, *trace.named("openai.chat"), "CHAT_MODEL", tokens=((40, 15, 55, 0, 0), weather.SECOND))
    weather.of_all(claim, trace.info)


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: state", (trace.info["name"], trace.info["state"], trace.info["errors"]), ("failed", "error", 2))
    expect("a failure: the task", trace.root.kind, "TASK")
    chat = trace.span("openai.chat")
    expect("a failure: what is said", "The model is out of order." in chat.error, True)
    expect("a failure: what was asked", weather.says(chat.inputs, weather.ASKED), True)
    expect("a failure: the model that was asked", chat.model, "broken")


def check_alone(karat, expect):
    weather.messages_are_read(expect, karat.trace("name = 'openai.chat'"))
