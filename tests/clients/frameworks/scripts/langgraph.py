# /// script
# dependencies = ["langgraph==1.2.24", "langchain==1.5.2", "langchain-openai==1.7.4"]
# ///
"""LangGraph: a graph of a model and its tools, with a memory by thread."""

import mlflow
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

mlflow.langchain.autolog()


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


model = ChatOpenAI(model="gpt-4o-mini").bind_tools([weather])
graph = StateGraph(MessagesState)
graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
graph.add_node("tools", ToolNode([weather]))
graph.add_edge(START, "model")
graph.add_conditional_edges("model", tools_condition)
graph.add_edge("tools", "model")
app = graph.compile(checkpointer=InMemorySaver())
asked = {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}]}
print(app.invoke(asked, {"configurable": {"thread_id": "thread-1"}})["messages"][-1].content)
