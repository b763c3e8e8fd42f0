"""OpenAI's client as it is, pointed at Karat's gateway: nothing in it knows of traces."""

import json
import os

import openai

from model import CALL, QUESTION, RESULT, TOOLS

URL, KEY = os.environ["GATEWAY"], os.environ["GATEWAY_TOKEN"]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
client = openai.OpenAI(api_key=KEY, base_url=URL, max_retries=0)
told = {}


def kind(call):
    """The error that the client makes of it, and what the server said."""
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
    return None


whole = {"traceparent": PARENT, "x-karat-session": "session-1"}
asked = {"model": "small", "messages": QUESTION, "tools": TOOLS, "temperature": 0.5, "user": "alice"}
first = client.chat.completions.create(**asked, extra_headers=whole)
told["call"] = first.choices[0].message.tool_calls[0].function.name
asked["messages"] = [*QUESTION, CALL, RESULT]
told["answer"] = client.chat.completions.create(**asked, extra_headers=whole).choices[0].message.content
raw = client.embeddings.with_raw_response.create(model="embedder", input="weather in Oslo", extra_headers=whole)
told["trace"] = raw.headers["x-karat-trace-id"]

streamed = {"x-karat-session": "streamed"}
chunks = list(client.chat.completions.create(**asked, stream=True, extra_headers=streamed))
told["streamed"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
told["usage"] = [chunk.usage for chunk in chunks if chunk.usage]
counted = {"stream": True, "stream_options": {"include_usage": True}, "extra_headers": {"x-karat-session": "counted"}}
*_, last = client.chat.completions.create(**asked, **counted)
told["counted"] = [len(last.choices), last.usage.prompt_tokens]

told["models"] = sorted(model.id for model in client.models.list())
told["one model"] = client.models.retrieve("small").owned_by
told["broken"] = kind(lambda: client.chat.completions.create(model="broken", messages=QUESTION))
told["nobody"] = kind(lambda: client.chat.completions.create(model="nobody", messages=QUESTION))
told["other"] = kind(lambda: client.chat.completions.create(model="other", messages=QUESTION))
stranger = openai.OpenAI(api_key="wrong", base_url=URL, max_retries=0)
told["stranger"] = kind(lambda: stranger.chat.completions.create(model="small", messages=QUESTION))
print(json.dumps(told))
