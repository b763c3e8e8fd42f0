# /// script
# dependencies = ["crewai==1.15.29"]
# ///
"""CrewAI: a crew of one agent with a task and a tool."""

import mlflow
from crewai import Agent, Crew, Task
from crewai.tools import tool

mlflow.crewai.autolog()


@tool("weather")
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


agent = Agent(role="forecaster", goal="Tell the weather.", backstory="You are brief.", tools=[weather], llm="gpt-4o-mini")
task = Task(description="How is the weather in Oslo?", expected_output="A sentence.", agent=agent)
print(Crew(agents=[agent], tasks=[task]).kickoff())
