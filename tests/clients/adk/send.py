"""An agent of Google's Agent Development Kit, which asks Gemini."""

import asyncio
import contextlib
import os

# What is said goes into spans, in the conventions' words.
os.environ |= {"GOOGLE_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": os.environ["MODEL"].removesuffix("/v1"),
               "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
               "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"}

from google.adk.agents import LlmAgent
from google.adk.runners import InMemoryRunner
from google.genai import errors, types
from opentelemetry import trace

import spans

provider = spans.to_karat()
trace.set_tracer_provider(provider)


def weather(city: str) -> dict:
    """The weather of a city."""
    return {"degrees": 7}


async def run(name, model):
    agent = LlmAgent(name=name, model=model, instruction="Be brief.", tools=[weather])
    runner = InMemoryRunner(agent, app_name="weather")
    await runner.session_service.create_session(app_name="weather", user_id="alice", session_id=f"session of {name}")
    asked = types.Content(role="user", parts=[types.Part(text="How is the weather in Oslo?")])
    async for _ in runner.run_async(user_id="alice", session_id=f"session of {name}", new_message=asked):
        pass


asyncio.run(run("forecaster", "gemini-2.5-flash"))
with contextlib.suppress(errors.ClientError):
    asyncio.run(run("failing", "gemini-broken"))
provider.force_flush()
provider.shutdown()
