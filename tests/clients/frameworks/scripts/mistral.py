# /// script
# dependencies = ["mistralai==3.7.0"]
# ///
"""Mistral's client."""

import os

import mlflow
from mistralai.client import Mistral

mlflow.mistral.autolog()
client = Mistral(api_key="none", server_url=os.environ["PROVIDER"])
tool = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}
messages = [{"role": "user", "content": "How is the weather in Oslo?"}]
call = client.chat.complete(model="mistral-small-latest", messages=messages, tools=[tool]).choices[0].message
messages += [call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "7 degrees"}]
print(client.chat.complete(model="mistral-small-latest", messages=messages, tools=[tool]).choices[0].message.content)
