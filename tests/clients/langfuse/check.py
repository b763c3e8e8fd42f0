"""What Karat has to know of what Langfuse's SDK tells."""

import weather


def check_whole(karat, expect):
    trace = karat.trace("name = 'answer'")
    inner = ["search", "OpenAI-generation", "weather", "OpenAI-generation"]
    expect("nesting", trace.tree(), ["answer", *(f"answer > {name}" for name in inner)])
    expect("the agent", (trace.root.kind, trace.root.inputs["args"], trace.root.outputs),
           ("AGENT", [weather.ASKED], weather.ANSWERED))
    weather.two_chats(expect, *trace.named("OpenAI-generation"), "LLM")
    weather.one_tool(expect, trace.span("weather"), arguments={"args": [], "kwargs": {"city": "Oslo"}})
    weather.of_all(expect, trace.info)
    expect("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    expect("metadata", trace.info["metadata"], {"langfuse.trace.tags": '["a"]', "team": "north"})
    found = trace.span("search")
    expect("the retriever", (found.kind, weather.says(found.outputs, "d1", "Oslo is cold.")), ("RETRIEVER", True))


def check_streamed(karat, expect):
    trace = karat.trace("name = 'streamed'")
    expect("streamed: kinds", [span.kind for span in trace.spans], ["CHAIN", "LLM"])
    chat = trace.span("OpenAI-generation")
    expect("streamed: model and tokens", (chat.model, chat.counts()), (weather.MODEL, weather.SECOND))
    expect("streamed: the answer", (trace.root.outputs, chat.outputs), (weather.ANSWERED, weather.ANSWERED))


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: state", (trace.info["name"], trace.info["errors"], trace.root.kind), ("failed", 3, "AGENT"))
    expect("a failure: of the tool", trace.span("broken").error, "the sensor is off")
    chat = trace.span("OpenAI-generation")
    expect("a failure: of the model", (chat.model, "The model is out of order." in chat.error), ("broken", True))


def check_alone(karat, expect):
    weather.messages_are_read(expect, karat.trace("name = 'OpenAI-generation'"))
