# /// script
# dependencies = ["pydantic-ai-slim[openai]==2.66.0"]
# ///
"""Pydantic AI: an agent with a tool."""

import mlflow
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

mlflow.pydantic_ai.autolog()
agent = Agent(OpenAIChatModel("gpt-4o-mini"), name="forecaster", instructions="Be brief.")


@agent.tool_plain
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


print(agent.run_sync("How is the weather in Oslo?").output)
