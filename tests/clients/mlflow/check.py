"""What Karat has to know of MLflow's own tracing, sent as OTLP."""

import weather

# It tells nothing of reasoning.
TOKENS = ((40, 15, 55, 0, 0), weather.SECOND)


def check_whole(karat, expect):
    trace = karat.trace("name = 'answer'")
    inner = ["search", "Completions", "weather", "Completions", "Embeddings"]
    expect("nesting", trace.tree(), ["answer", *(f"answer > {name}" for name in inner)])
    expect("the agent", (trace.root.kind, trace.root.inputs, trace.root.outputs),
           ("AGENT", {"question": weather.ASKED}, weather.ANSWERED))
    weather.two_chats(expect, *trace.named("Completions"), "CHAT_MODEL", tokens=TOKENS)
    weather.one_tool(expect, trace.span("weather"))
    weather.of_all(expect, trace.info)
    expect("a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)
    found = trace.span("search")
    expect("the retriever", (found.kind, found.inputs, weather.says(found.outputs, "d1", "Oslo is cold.")),
           ("RETRIEVER", {"query": weather.ASKED}, True))
    expect("scorers find the document", karat.retrieved(trace, ["d1"]), True)
    embedding = trace.span("Embeddings")
    expect("embeddings", (embedding.kind, embedding.model), ("EMBEDDING", "text-embedding-3-small"))


def check_streamed(karat, expect):
    trace = karat.trace("name = 'streamed'")
    expect("streamed: kinds", [span.kind for span in trace.spans], ["CHAIN", "CHAT_MODEL"])
    chat = trace.span("Completions")
    expect("streamed: model and tokens", (chat.model, chat.counts()), (weather.MODEL, weather.SECOND))
    expect("streamed: the answer", (trace.root.outputs, weather.says(chat.outputs, weather.ANSWERED)), (weather.ANSWERED, True))


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: state", (trace.info["name"], trace.info["errors"], trace.root.kind), ("failed", 3, "AGENT"))
    expect("a failure: of the tool", "the sensor is off" in trace.span("broken").error, True)
    chat = trace.span("Completions")
    expect("a failure: the model that was asked", chat.model, "broken")
    # Its status is empty: only the exception says what went wrong.
    expect("a failure: of the model", "The model is out of order." in chat.error, True)


def check_alone(karat, expect):
    weather.messages_are_read(expect, karat.trace("name = 'Completions'"))
