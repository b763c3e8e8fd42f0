# /// script
# dependencies = ["openai-agents==0.24.0"]
# ///
"""OpenAI's agents."""

import mlflow
from agents import Agent, Runner, function_tool

mlflow.openai.autolog()


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


agent = Agent(name="Forecaster", model="gpt-4o-mini", instructions="Be brief.", tools=[weather])
print(Runner.run_sync(agent, "How is the weather in Oslo?").final_output)
