# /// script
# dependencies = ["semantic-kernel==1.45.0"]
# ///
"""Semantic Kernel: an agent with a plugin."""

import asyncio

import mlflow
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function

mlflow.semantic_kernel.autolog()


class Forecasts:
    @kernel_function
    def weather(self, city: str) -> str:
        """The weather of a city."""
        return "7 degrees"


async def main():
    service = OpenAIChatCompletion(ai_model_id="gpt-4o-mini")
    agent = ChatCompletionAgent(service=service, name="forecaster", instructions="Be brief.", plugins=[Forecasts()])
    print(await agent.get_response("How is the weather in Oslo?"))


asyncio.run(main())
