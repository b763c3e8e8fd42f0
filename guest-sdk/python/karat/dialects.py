"""What spans say in the words of MLflow, OpenTelemetry (generative AI), OpenInference and OpenLLMetry."""

import json
from typing import Any, Dict, Optional

_OPERATIONS = {
    "chat": "CHAT_MODEL",
    "create_agent": "AGENT",
    "embeddings": "EMBEDDING",
    "execute_tool": "TOOL",
    "generate_content": "LLM",
    "invoke_agent": "AGENT",
    "invoke_workflow": "WORKFLOW",
    "retrieval": "RETRIEVER",
    "text_completion": "LLM",
}

#: Names of input and output tokens, and of their sum where it is told.
_USAGES = (
    ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"),
    ("llm.token_count.prompt", "llm.token_count.completion", "llm.token_count.total"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens", "llm.usage.total_tokens"),
)


def value(key: str, value: Any) -> Any:
    """An attribute's value; MLflow sends its own as JSON within a string."""
    return _parsed(value) if key.startswith("mlflow.") else value


def span_type(attributes: Dict[str, Any]) -> Optional[str]:
    """What kind of step a span is."""
    operation = _OPERATIONS.get(attributes.get("gen_ai.operation.name", ""))
    named = attributes.get("mlflow.spanType") or operation
    named = named or attributes.get("openinference.span.kind") or attributes.get("traceloop.span.kind")
    return str(named).upper() if named else None


def inputs(attributes: Dict[str, Any]) -> Any:
    """What went into a step."""
    names = ("gen_ai.tool.call.arguments", "gen_ai.input.messages", "input.value", "traceloop.entity.input")
    return _first(attributes, ("mlflow.spanInputs", *names))


def outputs(attributes: Dict[str, Any]) -> Any:
    """What came out of a step."""
    names = ("gen_ai.tool.call.result", "gen_ai.retrieval.documents", "gen_ai.output.messages")
    return _first(attributes, ("mlflow.spanOutputs", *names, "output.value", "traceloop.entity.output"))


def token_usage(attributes: Dict[str, Any]) -> Optional[Dict[str, int]]:
    """Tokens that a step used."""
    told = _parsed(attributes.get("mlflow.chat.tokenUsage"))
    if isinstance(told, dict):
        return told
    for took, gave, both in _USAGES:
        if took in attributes or gave in attributes:
            used = [int(attributes.get(name, 0)) for name in (took, gave)]
            total = int(attributes.get(both, sum(used)))
            return {"input_tokens": used[0], "output_tokens": used[1], "total_tokens": total}
    return None


def _first(attributes: Dict[str, Any], names: Any) -> Any:
    return next((_parsed(attributes[name]) for name in names if attributes.get(name) is not None), None)


def _parsed(value: Any) -> Any:
    """What a string says as JSON, or the string itself where it says nothing as such."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
