# /// script
# dependencies = ["autogen-agentchat==0.7.5", "autogen-ext[openai]==0.7.5"]
# ///
"""AutoGen: an assistant with a tool."""

import asyncio

import mlflow
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient

mlflow.autogen.autolog()


async def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


agent = AssistantAgent("forecaster", OpenAIChatCompletionClient(model="gpt-4o-mini"), tools=[weather], reflect_on_tool_use=True)
print(asyncio.run(agent.run(task="How is the weather in Oslo?")).messages[-1].content)
