# /// script
# dependencies = ["llama-index-core==0.14.25", "llama-index-llms-openai==0.8.3"]
# ///
"""LlamaIndex: an agent of its workflows."""

import asyncio

import mlflow
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai import OpenAI

mlflow.llama_index.autolog()


def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


async def main():
    agent = FunctionAgent(tools=[weather], llm=OpenAI(model="gpt-4o-mini"), system_prompt="Be brief.")
    print(await agent.run("How is the weather in Oslo?"))


asyncio.run(main())
