# /// script
# dependencies = ["strands-agents[openai]==1.62.0"]
# ///
"""Strands: an agent with a tool."""

import mlflow
from strands import Agent, tool
from strands.models.openai import OpenAIModel

mlflow.strands.autolog()


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


agent = Agent(model=OpenAIModel(model_id="gpt-4o-mini"), name="forecaster", tools=[weather], system_prompt="Be brief.")
agent("How is the weather in Oslo?")
