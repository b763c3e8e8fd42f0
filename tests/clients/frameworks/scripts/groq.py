# /// script
# dependencies = ["groq==1.7.0"]
# ///
"""Groq's client."""

import groq
import mlflow

mlflow.groq.autolog()
client = groq.Groq()
tool = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}
messages = [{"role": "user", "content": "How is the weather in Oslo?"}]
call = client.chat.completions.create(model="llama-3.3-70b-versatile", messages=messages, tools=[tool]).choices[0].message
messages += [call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "7 degrees"}]
print(client.chat.completions.create(model="llama-3.3-70b-versatile", messages=messages, tools=[tool]).choices[0].message.content)
