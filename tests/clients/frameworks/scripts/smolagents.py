# /// script
# dependencies = ["smolagents[openai]==1.26.0"]
# ///
"""smolagents: an agent that calls tools, its answer's, too."""

import mlflow
from smolagents import OpenAIModel, ToolCallingAgent, tool

mlflow.smolagents.autolog()


@tool
def weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: Its name.
    """
    return "7 degrees"


print(ToolCallingAgent(tools=[weather], model=OpenAIModel("gpt-4o-mini")).run("How is the weather in Oslo?"))
