# /// script
# dependencies = ["haystack-ai==3.4.1", "opentelemetry-haystack==2.0.0"]
# ///
"""Haystack: a pipeline of a prompt and an agent with a tool."""

import mlflow
from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool

mlflow.haystack.autolog()


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


pipeline = Pipeline()
pipeline.add_component("prompt", ChatPromptBuilder([ChatMessage.from_user("How is the weather in {{ city }}?")]))
pipeline.add_component("agent", Agent(chat_generator=OpenAIChatGenerator(model="gpt-4o-mini"), tools=[weather]))
pipeline.connect("prompt.prompt", "agent.messages")
print(pipeline.run({"prompt": {"city": "Oslo"}})["agent"]["last_message"].text)
