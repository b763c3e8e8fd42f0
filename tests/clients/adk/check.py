"""What Karat has to know of an agent of Google's Agent Development Kit."""

import weather


def check_whole(karat, expect):
    trace = karat.trace("name = 'invoke_workflow forecaster'")
    agent, chat = "invoke_agent forecaster", "generate_content gemini-2.5-flash"
    inner = [chat, "execute_tool weather", chat]
    root = "invoke_workflow forecaster"
    expect("nesting", trace.tree(), [root, f"{root} > {agent}", *(f"{agent} > {name}" for name in inner)])
    expect("the workflow and the agent", (trace.root.kind, trace.span(agent).kind), ("WORKFLOW", "AGENT"))
    # Gemini says nothing of reasoning here, and its name is the one that was asked.
    tokens = ((40, 15, 55, 0, 0), weather.SECOND)
    weather.two_chats(expect, *trace.named(chat), "LLM", tokens=tokens, model="gemini-2.5-flash",
                      result='{"degrees": 7}')
    weather.one_tool(expect, trace.span("execute_tool weather"), result={"degrees": 7})
    weather.of_all(expect, trace.info)
    expect("a scorer finds the call of the tool", karat.called(trace, [("weather", {"city": "Oslo"})]), True)
    expect("session", trace.info["session"], "session of forecaster")


def check_failed(karat, expect):
    trace = karat.trace("status = 'ERROR'")
    expect("a failure: every span", ["The model is out of order." in span.error for span in trace.spans], [True] * 3)
    expect("a failure: the model that was asked", trace.span("generate_content gemini-broken").model, "gemini-broken")
