"""Unit tests without a host: answers in place of HTTP requests and judges, values and files in memory.

    with testing.http({"GET https://api.test/score": http.Response(200, b"1")}):
        assert toxicity(outputs="…") == 1.0
"""

import json
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Union

from . import _host
from .errors import Failure
from .exporting import Batch
from .http import Response
from .judge import Question, Reply


def http(answers: Dict[str, Response]) -> AbstractContextManager:
    """Answers requests by method and URL; others fail as `denied`."""

    def send(request: Any) -> Any:
        name = f"{request.method} {request.url}"
        if name not in answers:
            raise Failure(f"no answer for {name}", "denied")
        answer = answers[name]
        headers = [SimpleNamespace(name=name, value=value.encode()) for name, value in answer.headers.items()]
        return SimpleNamespace(status=answer.status, headers=headers, body=answer.body, truncated=answer.truncated)

    return _host.replaced("http", SimpleNamespace(send=send, Method=_Itself(), Header=_record, Request=_request))


def judge(reply: Union[str, Callable[[Question], str]]) -> AbstractContextManager:
    """Answers every question with one text, or with what a function makes of the question."""

    def complete(question: Question) -> Any:
        text = reply if isinstance(reply, str) else reply(question)
        usage = SimpleNamespace(input_tokens=0, output_tokens=0, cost=None)
        return SimpleNamespace(text=text, usage=usage, cached=False)

    def complete_many(questions: List[Question]) -> List[Any]:
        return [SimpleNamespace(value=complete(question)) for question in questions]

    def request(role, messages, tools, shape, max_output_tokens, temperature, sample) -> Question:
        system = next((message.content for message in messages if message.speaker == "SYSTEM"), None)
        return Question(messages[-1].content, system, role, None, (), temperature, max_output_tokens, sample)

    speaker = SimpleNamespace(SYSTEM="SYSTEM", USER="USER")
    message = lambda speaker, content, calls, answers: SimpleNamespace(speaker=speaker, content=content)
    formats = {f"Format_{name}": lambda *shape: None for name in ("Text", "Schema", "Choice")}
    fake = SimpleNamespace(complete=complete, complete_many=complete_many, Request=request, **formats)
    fake.Speaker, fake.Message = speaker, message
    return _host.replaced("judge", fake)


def kv() -> AbstractContextManager:
    """Buckets in memory, of any name."""
    buckets: Dict[str, _Memory] = {}
    return _host.replaced("kv", SimpleNamespace(open=lambda name: buckets.setdefault(name, _Memory())))


@contextmanager
def sink() -> Iterator[List[bytes]]:
    """A file in memory: what exporters write, piece by piece."""
    written: List[bytes] = []
    with _host.replaced("sink", SimpleNamespace(write=written.append)):
        yield written


def batch(row: str, scores: Dict[str, float]) -> Batch:
    """A batch with the span of a row of this id, that scorers gave these scores."""
    events = [
        {
            "name": "gen_ai.evaluation.result",
            "attributes": [
                {"key": "gen_ai.evaluation.name", "value": {"stringValue": name}},
                {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": score}},
            ],
        }
        for name, score in scores.items()
    ]
    attributes = [{"key": "karat.row.id", "value": {"stringValue": row}}]
    span = {"name": "karat.row", "attributes": attributes, "events": events}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    return Batch(json.dumps(request).encode(), span_count=1)


class _Itself:
    """A name for each name."""

    def __getitem__(self, name: str) -> str:
        return name


def _record(name: str, value: bytes) -> Any:
    return SimpleNamespace(name=name, value=value)


def _request(method: str, url: str, headers: Any, body: bytes, timeout_ms: Any) -> Any:
    return SimpleNamespace(method=method, url=url, headers=headers, body=body, timeout_ms=timeout_ms)


class _Memory(dict):
    def set(self, key, value):
        self[key] = value

    def delete(self, key):
        self.pop(key, None)

    def compare_and_set(self, key, old, new):
        same = self.get(key) == old
        if same:
            self[key] = new
        return same

    def keys(self, prefix, after, limit):
        return sorted(key for key in super().keys() if key.startswith(prefix) and (after is None or key > after))[:limit]
