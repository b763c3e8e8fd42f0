"""Gemini's generateContent."""

import model


def reply(asked):
    tools = {one["name"]: one.get("parameters", {}) for tool in asked.get("tools", []) for one in tool["functionDeclarations"]}
    told = any("functionResponse" in part for part in asked["contents"][-1]["parts"])
    chosen = model.next_call(tools, told)
    part = {"functionCall": {"id": "call_1", "name": chosen[0], "args": chosen[1]}} if chosen else {"text": model.ANSWER["content"]}
    prompt, candidates, cached = (70, 8, 32) if told else (40, 15, 0)
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": candidates, "totalTokenCount": prompt + candidates,
             "cachedContentTokenCount": cached}
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
            "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "resp-1"}
