# /// script
# dependencies = ["anthropic==2.14.0"]
# ///
"""Anthropic's client."""

import anthropic
import mlflow

mlflow.anthropic.autolog()
client = anthropic.Anthropic()
tool = {"name": "weather", "description": "The weather of a city.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
asked = {"model": "claude-sonnet-4-5", "max_tokens": 100, "system": "Be brief.", "tools": [tool]}
messages = [{"role": "user", "content": "How is the weather in Oslo?"}]
call = client.messages.create(**asked, messages=messages)
messages += [{"role": "assistant", "content": call.content},
             {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.content[0].id, "content": "7 degrees"}]}]
print(client.messages.create(**asked, messages=messages).content[0].text)
