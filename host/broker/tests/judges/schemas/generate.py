#!/usr/bin/env python3
"""Writes what providers publish of the requests they take as JSON Schema. README.md says from what and how."""

import json
import pathlib

import anthropic.types.message_create_params as anthropic
import ollama._types as ollama
import openai.types.chat.completion_create_params as openai
from google.genai import types as gemini
from pydantic import ConfigDict, TypeAdapter, create_model

HERE = pathlib.Path(__file__).parent

# Parts that no question of ours has: whatever else they would allow, it is not looked at.
NEVER = (
    "Audio", "Image", "InputAudio", "File", "Document", "Search", "Server", "Bash", "Code", "Computer", "TextEditor",
    "Web", "MCP", "Mcp", "Container", "Memory", "Thinking", "Advisor", "Custom", "Prediction", "Moderation", "Blob",
    "Video", "Executable", "Mid", "Citation", "FunctionMessage", "Browser", "Compaction", "Fallback",
    "Auth", "Api", "Google", "Rag", "Vertex", "Voice", "Speech", "Speaker", "Media", "Routing", "Retrieval", "Transcription",
    "Translation", "Spreadsheet", "Context", "ModelSelection", "Transport", "Partial", "FunctionResponsePart", "WordInfo",
)

GEMINI = {
    "contents": (list[gemini.Content], ...),
    "systemInstruction": (gemini.Content, None),
    "tools": (list[gemini.Tool], None),
    "toolConfig": (gemini.ToolConfig, None),
    "generationConfig": (gemini.GenerationConfig, None),
}

# JSON Schemas, of which only some keywords are named.
SCHEMAS = {"InputSchemaTyped", "Parameters", "Property"}

REQUESTS = {
    "openai": openai.CompletionCreateParamsNonStreaming,
    "anthropic": anthropic.MessageCreateParamsNonStreaming,
    "gemini": create_model("GenerateContentRequest", __config__=ConfigDict(extra="forbid"), **GEMINI),
    "ollama": ollama.ChatRequest,
}


def is_never(part):
    name = part.get("$ref", "").removeprefix("#/$defs/")
    return any(word in name for word in NEVER)


def properties(part):
    return {name: schema(value) for name, value in part.items() if not is_never(value)}


def schema(part):
    """A part without what is only told, without what is never there, and closed."""
    if isinstance(part, list):
        return [schema(item) for item in part if not (isinstance(item, dict) and is_never(item))]
    if not isinstance(part, dict):
        return part
    if is_never(part):
        return False
    found = {}
    for key, value in part.items():
        if key in ("title", "description", "default", "discriminator"):
            continue
        found[key] = properties(value) if key in ("properties", "$defs") else schema(value)
    for key in ("anyOf", "oneOf"):
        if found.get(key) == []:
            return False
    if "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


def names(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].removeprefix("#/$defs/")
        for value in part.values():
            yield from names(value)
    elif isinstance(part, list):
        for value in part:
            yield from names(value)


def reachable(root):
    definitions = root.pop("$defs", {})
    kept, waiting = {}, list(names(root))
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = definitions[name]
            waiting.extend(names(definitions[name]))
    return root | {"$defs": dict(sorted(kept.items()))}


for name, request in REQUESTS.items():
    found = reachable(schema(TypeAdapter(request).json_schema()))
    for open_one in found["$defs"].keys() & SCHEMAS:
        del found["$defs"][open_one]["additionalProperties"]
    if name == "ollama":
        # Its client takes any mapping as well.
        found["properties"]["messages"] = {"type": "array", "items": {"$ref": "#/$defs/Message"}}
        found["properties"]["options"] = {"$ref": "#/$defs/Options"}
    (HERE / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(name, len(found["$defs"]), sum(1 for _ in open(HERE / f"{name}.json")))
