# /// script
# dependencies = ["openai==3.57.0"]
# ///
"""OpenAI's client: a chat whose model asks for a tool, as a stream, too, and one that fails."""

import contextlib
import json

import mlflow
import openai

mlflow.openai.autolog()
client = openai.OpenAI(max_retries=0)
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}]


@mlflow.trace(span_type="TOOL")
def weather(city):
    return "7 degrees"


@mlflow.trace(span_type="AGENT")
def answer(question):
    mlflow.update_current_trace(metadata={"mlflow.trace.session": "session-1", "mlflow.trace.user": "alice"})
    messages = [{"role": "user", "content": question}]
    call = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS, temperature=0.5).choices[0].message
    result = weather(**json.loads(call.tool_calls[0].function.arguments))
    messages += [call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": result}]
    return client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=TOOLS).choices[0].message.content


answer("How is the weather in Oslo?")
asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "How is the weather in Oslo?"}]}
for chunk in client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
    pass
with contextlib.suppress(openai.BadRequestError):
    client.chat.completions.create(**asked | {"model": "broken"})
client.embeddings.create(model="text-embedding-3-small", input="weather in Oslo")
