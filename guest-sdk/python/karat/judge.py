"""Questions to an LLM, asked by the host: it owns keys, endpoints, cache, rate limits, retries and budget.

A plugin names a role that the suite binds to an endpoint; it never learns which.
"""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Union

from . import _host
from .errors import Failure


@dataclass
class Question:
    """What is asked. `schema` (JSON Schema) or `choices` say what a reply has to be; the host sees to it."""

    prompt: str
    system: Optional[str] = None
    role: str = "default"
    schema: Optional[Dict[str, Any]] = None
    choices: Sequence[str] = ()
    temperature: Optional[float] = None
    max_output_tokens: Optional[int] = None
    #: Tells repeated questions with one text apart.
    sample: int = 0


@dataclass
class Reply:
    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    #: US dollars; none where the price is not known.
    cost: Optional[float] = None
    cached: bool = False

    def json(self) -> Any:
        return json.loads(self.text)


def ask(prompt: str, **options: Any) -> Reply:
    """Asks one question, with the fields of `Question` as options. Raises `Failure` where there is no reply."""
    linked = _host.interface("judge")
    return _reply(_host.call(linked.complete, _request(linked, Question(prompt, **options))))


def ask_many(questions: Sequence[Question]) -> List[Union[Reply, Failure]]:
    """Asks several at once; replies in the order asked, a `Failure` in place of one that did not come."""
    linked = _host.interface("judge")
    answers = linked.complete_many([_request(linked, question) for question in questions])
    return [_host.as_failure(answer.value) or _reply(answer.value) for answer in answers]


def _request(linked: Any, question: Question) -> Any:
    message = lambda speaker, content: linked.Message(speaker, content, [], None)
    system = [message(linked.Speaker.SYSTEM, question.system)] if question.system else []
    if question.schema is not None:
        shape = linked.Format_Schema(json.dumps(question.schema))
    elif question.choices:
        shape = linked.Format_Choice(list(question.choices))
    else:
        shape = linked.Format_Text()
    return linked.Request(
        question.role,
        [*system, message(linked.Speaker.USER, question.prompt)],
        [],
        shape,
        question.max_output_tokens,
        question.temperature,
        question.sample,
    )


def _reply(reply: Any) -> Reply:
    usage = reply.usage
    cost = None if usage.cost is None else usage.cost / 1e6
    return Reply(reply.text, usage.input_tokens, usage.output_tokens, cost, reply.cached)
