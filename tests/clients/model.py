"""A model that is made up, of OpenAI's shape: it asks for the weather first, and answers when it was told; never twice the
same number of tokens. Whole or as a stream; the model `broken` fails. Asked for JSON of a shape it answers in it, as a judge
that says yes; asked for better prompts it makes them exact. A tool that it has to call it calls."""

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}]
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How is the weather in Oslo?"}]
CALL = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "7 degrees"}
ANSWER = {"role": "assistant", "content": "It is 7 degrees."}


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def reply(self, asked):
        if asked["model"] == "broken":
            error = {"message": "The model is out of order.", "type": "invalid_request_error", "code": "broken"}
            self.answer(400, json.dumps({"error": error}).encode())
        elif self.path.endswith("/embeddings"):
            texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
            data = [{"object": "embedding", "index": index, "embedding": [0.25, -0.5]} for index in range(len(texts))]
            told = {"object": "list", "model": "text-embedding-3-small", "data": data,
                    "usage": {"prompt_tokens": 4, "total_tokens": 4}}
            self.answer(200, json.dumps(told).encode())
        elif asked.get("stream"):
            self.answer(200, stream(asked), "text/event-stream")
        else:
            message, reason = reply(asked)
            told = {**head("chat.completion"), "usage": usage(asked),
                    "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
            self.answer(200, json.dumps(told).encode())

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def head(kind):
    return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": "gpt-4o-mini-2024-07-18"}


def is_first(asked):
    """Whether it has not been told the weather, and can ask for it."""
    last = asked["messages"][-1]
    return last["role"] != "tool" and RESULT["content"] not in text(last) and bool(asked.get("tools"))


def text(message):
    """What a message says, whole or in parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def reply(asked):
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in asked.get("tools") or []}
    forced = asked.get("tool_choice")
    chosen = next_call(tools, not is_first(asked), forced["function"]["name"] if isinstance(forced, dict) else None)
    if chosen:
        name, arguments = chosen
        function = {"name": name, "arguments": json.dumps(arguments)}
        return {**CALL, "tool_calls": [{**CALL["tool_calls"][0], "function": function}]}, "tool_calls"
    kind = asked.get("response_format", {}).get("type")
    if kind == "json_schema":
        return said(of_schema(asked["response_format"]["json_schema"]["schema"])), "stop"
    prompts = re.findall(r"^Prompt name: (.+)\nTemplate: (.+)$", text(asked["messages"][-1]), re.MULTILINE)
    if kind == "json_object" and prompts:
        return said({name: f"{template} Be exact." for name, template in prompts}), "stop"
    fields = re.findall(r"`\[\[ ## (\w+) ## ]]`", text(asked["messages"][-1]))
    if fields:
        return {**ANSWER, "content": in_fields(fields, RESULT["content"] in text(asked["messages"][-1]))}, "stop"
    return ANSWER, "stop"


def in_fields(names, told):
    """DSPy has tools called in texts."""
    call = {"next_tool_name": "finish", "next_tool_args": "{}"} if told else \
        {"next_tool_name": "weather", "next_tool_args": '{"city": "Oslo"}'}
    return "\n\n".join(f"[[ ## {name} ## ]]\n{call.get(name, ANSWER['content'])}" for name in names)


def next_call(tools, told, forced=None):
    """The name and arguments of the call that it asks for, of tools by name with the shapes of their arguments; None where it
    answers. A framework may put something before a tool's name, or want its answer as a call, too."""
    if forced:
        return forced, of_schema(tools[forced])
    if tools and not told:
        return next((name for name in tools if name.endswith("weather")), "weather"), {"city": "Oslo"}
    if "final_answer" in tools:
        return "final_answer", {"answer": ANSWER["content"]}
    return None


def said(value):
    return {"role": "assistant", "content": json.dumps(value)}


def of_schema(schema, whole=None):
    """The most affirmative value that a schema allows."""
    whole = whole or schema
    if "$ref" in schema:
        return of_schema(whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]], whole)
    if "anyOf" in schema:
        return of_schema(schema["anyOf"][0], whole)
    if "enum" in schema:
        return "yes" if "yes" in schema["enum"] else schema["enum"][0]
    if schema.get("type") == "object":
        return {name: of_schema(inner, whole) for name, inner in schema.get("properties", {}).items()}
    return {"array": [], "boolean": True, "integer": 1, "number": 1.0}.get(schema.get("type"), "yes")


def usage(asked):
    prompt, completion = (40, 15) if is_first(asked) else (70, 8)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": 0 if is_first(asked) else 32},
            "completion_tokens_details": {"reasoning_tokens": 5 if is_first(asked) else 0}}


def stream(asked):
    """The reply in pieces, the arguments of a call as well, and what it took where that is asked for."""
    message, reason = reply(asked)
    if "tool_calls" in message:
        call = message["tool_calls"][0]
        arguments = call["function"]["arguments"]
        first = {**call, "index": 0, "function": {**call["function"], "arguments": ""}}
        deltas = [{"role": "assistant", "content": None, "tool_calls": [first]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in [arguments[:7], arguments[7:]]]
    else:
        deltas = [{"role": "assistant", "content": ""}, {"content": "It is "}, {"content": "7 degrees."}]
    chunk = head("chat.completion.chunk")
    chunks = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if asked.get("stream_options", {}).get("include_usage"):
        chunks.append({**chunk, "choices": [], "usage": usage(asked)})
    lines = [json.dumps(chunk) for chunk in chunks] + ["[DONE]"]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


@contextlib.contextmanager
def serving(model=Model):
    """Gives the address that clients take as their base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), model)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
