# /// script
# dependencies = ["agno==3.1.10", "openai==3.57.0", "openinference-instrumentation-agno==1.0.15",
#                 "opentelemetry-exporter-otlp==1.45.2"]
# ///
"""Agno: an agent with a tool."""

import mlflow
from agno.agent import Agent
from agno.models.openai import OpenAIChat

mlflow.agno.autolog()


def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


agent = Agent(name="forecaster", model=OpenAIChat(id="gpt-4o-mini"), tools=[weather], instructions="Be brief.")
print(agent.run("How is the weather in Oslo?", session_id="session-1", user_id="alice").content)
