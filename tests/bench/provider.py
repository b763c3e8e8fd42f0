#!/usr/bin/env python3
"""A fake provider of OpenAI's shape, in a process of its own so that it costs nobody else anything. It finds that every
response passes. Prints its port, and tells at `/counts` what was asked of it and when.

    tests/bench/provider.py '{"latency": [0.05, 0.05], …}'

`latency` are seconds, from and to. `bucket` is `[per minute, at once]`: what is above is answered with 429. `tokens` has a
request use any number of tokens up to as many as it has bytes, and its reply up to `max_tokens`; else it is 100 and 20.
"""

import asyncio
import functools
import json
import math
import random
import re
import sys
import time

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
VERDICT = json.dumps({"rationale": "It keeps to the guidelines.", "verdict": "pass"})
REASONS = {200: "OK", 429: "Too Many Requests"}


@functools.cache
def completion(input: int, output: int) -> bytes:
    usage = {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}
    choice = {"index": 0, "message": {"role": "assistant", "content": VERDICT}, "finish_reason": "stop"}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "fake", "choices": [choice], "usage": usage}).encode()


class Provider:
    def __init__(self, latency, bucket=None, tokens=False, seed=0):
        self.latency = latency
        self.bucket = bucket
        self.random = random.Random(seed) if tokens else None
        self.level = bucket[1] if bucket else 0
        self.at = time.monotonic()
        self.in_flight = 0
        self.counts = {"calls": 0, "refused": 0, "most_in_flight": 0, "first": None, "last": None, "input": 0, "output": 0}

    def chat(self, body: bytes):
        """When to answer, and with what status, headers and body."""
        now = time.monotonic()
        headers, allowed = self.allowance(now)
        if not allowed:
            self.counts["refused"] += 1
            error = {"message": "Rate limit reached for requests", "type": "requests", "code": "rate_limit_exceeded"}
            return 0, 429, headers, json.dumps({"error": error}).encode()
        self.counts["calls"] += 1
        self.counts["first"] = self.counts["first"] or now
        used = (100, 20)
        if self.random:
            most = json.loads(body)["max_tokens"]
            used = (self.random.randint(1, len(body)), self.random.randint(1, most))
        self.counts["input"] += used[0]
        self.counts["output"] += used[1]
        return random.uniform(*self.latency), 200, headers, completion(*used)

    def allowance(self, now: float):
        """As OpenAI has it: a bucket that fills all the time, and the time to wait in whole seconds."""
        if not self.bucket:
            return "", True
        per_minute, at_once = self.bucket
        self.level = min(at_once, self.level + (now - self.at) * per_minute / 60)
        self.at = now
        allowed = self.level >= 1
        self.level -= allowed
        full = (at_once - self.level) * 60 / per_minute
        headers = (f"x-ratelimit-limit-requests: {per_minute}\r\nx-ratelimit-remaining-requests: {int(self.level)}\r\n"
                   f"x-ratelimit-reset-requests: {full:.3f}s\r\n")
        if not allowed:
            headers += f"retry-after: {math.ceil((1 - self.level) * 60 / per_minute)}\r\n"
        return headers, allowed


class Connection(asyncio.Protocol):
    def __init__(self, provider: Provider):
        self.provider = provider
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self.buffer, 0, head)
        end = head + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) < end:
            return
        body, self.buffer = self.buffer[head + 4:end], self.buffer[end:]
        provider = self.provider
        if data.startswith(b"GET "):
            counts, provider.counts = provider.counts, Provider([0, 0]).counts
            return self.answer(200, "", json.dumps(counts).encode())
        provider.in_flight += 1
        provider.counts["most_in_flight"] = max(provider.counts["most_in_flight"], provider.in_flight)
        wait, *answer = provider.chat(body)
        asyncio.get_running_loop().call_later(wait, self.answer_chat, *answer)

    def answer_chat(self, *answer):
        self.provider.in_flight -= 1
        self.provider.counts["last"] = time.monotonic()
        self.answer(*answer)

    def answer(self, status: int, headers: str, body: bytes):
        if self.transport.is_closing():
            return
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


async def main() -> None:
    provider = Provider(**json.loads(sys.argv[1]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
