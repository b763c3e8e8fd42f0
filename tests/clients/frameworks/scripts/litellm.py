# /// script
# dependencies = ["litellm==1.110.2"]
# ///
"""LiteLLM, whole and as a stream."""

import litellm
import mlflow

mlflow.litellm.autolog()
tool = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}
messages = [{"role": "user", "content": "How is the weather in Oslo?"}]
call = litellm.completion(model="openai/gpt-4o-mini", messages=messages, tools=[tool]).choices[0].message
messages += [call.model_dump(), {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "7 degrees"}]
print(litellm.completion(model="openai/gpt-4o-mini", messages=messages, tools=[tool]).choices[0].message.content)
for chunk in litellm.completion(model="openai/gpt-4o-mini", messages=messages, stream=True):
    pass
