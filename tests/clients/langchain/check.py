"""What Karat has to know of LangChain's agents and chains as OpenInference sees them."""

import weather

CHAIN = {"RunnableParallel<context,question>": "CHAIN", "Shelf": "RETRIEVER", "RunnablePassthrough": "CHAIN",
         "ChatPromptTemplate": "PROMPT", "ChatOpenAI": "LLM", "StrOutputParser": "CHAIN"}


def check_agent(karat, expect):
    trace = karat.trace("name = 'weather_agent'")
    of_model = ["weather_agent > model", "model > ChatOpenAI"]
    expect("nesting", trace.tree(), ["weather_agent", *of_model, "weather_agent > tools", "tools > weather", *of_model])
    expect("kinds", [span.kind for span in trace.spans], ["AGENT", "CHAIN", "LLM", "CHAIN", "TOOL", "CHAIN", "LLM"])
    weather.two_chats(expect, *trace.named("ChatOpenAI"), "LLM")
    weather.of_all(expect, trace.info)
    expect("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    tool = trace.span("weather")
    # It tells the one argument without its name.
    expect("the tool", (tool.inputs, weather.says(tool.outputs, "7 degrees", "call_1")), ("Oslo", True))


def check_chain(karat, expect):
    for name, model in [("answer from documents", weather.MODEL), ("answer in pieces", "gpt-4o-mini")]:
        trace = karat.trace(f"name = '{name}'")
        expect(f"{name}: kinds", {span.name: span.kind for span in trace.spans}, {name: "CHAIN", **CHAIN})
        expect(f"{name}: the retriever is within", trace.span("Shelf").parent.parent.name, name)
        expect(f"{name}: what came in and went out", (trace.root.inputs, trace.root.outputs), (weather.ASKED, weather.ANSWERED))
        found = trace.span("Shelf")
        expect(f"{name}: what was looked for and found", (found.inputs, weather.says(found.outputs, "d1", "d2", "Oslo is cold.")),
               (weather.ASKED, True))
        expect(f"{name}: scorers find the documents", karat.retrieved(trace, ["d1", "d2"]), True)
        chat = trace.span("ChatOpenAI")
        # Where it streams, it does not tell which model answered.
        expect(f"{name}: the model and its tokens", (chat.model, chat.counts()), (model, weather.SECOND))


def check_failures(karat, expect):
    trace = karat.trace("name = 'broken chain'")
    expect("a failure: state", (trace.info["state"], trace.info["errors"]), ("error", 2))
    chat = trace.span("ChatOpenAI")
    expect("a failure: what is said", "The model is out of order." in chat.error, True)
    expect("a failure: the model that was asked", chat.model, "broken")
    trace = karat.trace("name = 'broken_weather'")
    expect("a tool that failed", (trace.root.kind, trace.info["state"], "the sensor is off" in trace.root.error), ("TOOL", "error", True))


def check_alone(karat, expect):
    weather.messages_are_read(expect, karat.trace("name = 'ChatOpenAI'"))
