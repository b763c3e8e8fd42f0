"""Anthropic's messages."""

import model


def reply(asked):
    tools = {tool["name"]: tool["input_schema"] for tool in asked.get("tools", [])}
    told = any(part["type"] == "tool_result" for part in parts(asked["messages"][-1]))
    chosen = model.next_call(tools, told)
    content = {"type": "text", "text": model.ANSWER["content"]}
    if chosen:
        name, arguments = chosen
        content = {"type": "tool_use", "id": "toolu_1", "name": name, "input": arguments}
    usage = {"input_tokens": 38, "output_tokens": 8, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 32} if told else \
        {"input_tokens": 40, "output_tokens": 15, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": [content],
            "stop_reason": "tool_use" if chosen else "end_turn", "stop_sequence": None, "usage": usage}


def parts(message):
    return message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": message["content"]}]
