"""An agent of Google's Agent Development Kit, whose model is made up here: it has no OpenAI-compatible one of its own."""

import asyncio
import contextlib
import os

# What is said goes into spans, in the conventions' words.
os.environ |= {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
               "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}

from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.adk.runners import InMemoryRunner
from google.genai import types
from opentelemetry import trace

import spans

provider = spans.to_karat()
trace.set_tracer_provider(provider)


class MadeUp(BaseLlm):
    async def generate_content_async(self, request, stream=False):
        if self.model == "broken":
            raise RuntimeError("The model is out of order.")
        told = request.contents[-1].parts[0].function_response
        call = types.Part(function_call=types.FunctionCall(id="call_1", name="weather", args={"city": "Oslo"}))
        part = types.Part(text="It is 7 degrees.") if told else call
        usage = types.GenerateContentResponseUsageMetadata(
            prompt_token_count=70 if told else 40, candidates_token_count=8 if told else 15,
            total_token_count=78 if told else 55, cached_content_token_count=32 if told else 0)
        yield LlmResponse(content=types.Content(role="model", parts=[part]), usage_metadata=usage)


def weather(city: str) -> dict:
    """The weather of a city."""
    return {"degrees": 7}


async def run(name, model):
    agent = LlmAgent(name=name, model=MadeUp(model=model), instruction="Be brief.", tools=[weather])
    runner = InMemoryRunner(agent, app_name="weather")
    await runner.session_service.create_session(app_name="weather", user_id="alice", session_id=f"session of {name}")
    asked = types.Content(role="user", parts=[types.Part(text="How is the weather in Oslo?")])
    async for _ in runner.run_async(user_id="alice", session_id=f"session of {name}", new_message=asked):
        pass


asyncio.run(run("forecaster", "gemini-2.5-flash"))
with contextlib.suppress(RuntimeError):
    asyncio.run(run("failing", "broken"))
provider.force_flush()
provider.shutdown()
