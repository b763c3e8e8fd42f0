"""Scorers of a Karat server in MLflow's `evaluate`: rows go there in batches and are scored in its sandbox.

    import karat, mlflow

    mlflow.set_tracking_uri("http://127.0.0.1:5000")      # a `karat serve`
    mlflow.genai.evaluate(data=..., predict_fn=..., scorers=[karat.scorer("numeric_match", tolerance=0.01)])

This is the only module that needs MLflow, and no plugin has it.
"""

import functools
import json
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Dict, List, Optional, Tuple

import mlflow
from mlflow.entities import AssessmentError, AssessmentSource, Feedback
from mlflow.exceptions import MlflowException
from mlflow.genai.scorers.base import Scorer as MlflowScorer
from mlflow.genai.scorers.base import ScorerKind, SerializedScorer
from mlflow.tracing.utils import TraceJSONEncoder
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

_PATH = "/api/karat/v1/scores"

#: Rows of one request.
_MOST = 500


class KaratScorer(MlflowScorer):
    """A scorer of the server that MLflow's tracking URI names. Make one with `karat.scorer`."""

    #: As suites have it under `scorers`.
    entry: Dict[str, Any]
    #: What the plugin has to be; none takes what is there under the name.
    digest: Optional[str] = None

    def __call__(self, *, inputs: Any = None, outputs: Any = None, expectations: Any = None, trace: Any = None) -> Any:
        row: Dict[str, Any] = {"inputs": inputs if isinstance(inputs, dict) else {"input": inputs}}
        row.update((part, value) for part, value in (("outputs", outputs), ("expectations", expectations)) if value is not None)
        if trace is not None:
            row["trace"] = json.loads(trace.to_json())
        # What is no JSON is this row's failure, and not that of others that go with it.
        row = json.loads(json.dumps(row, cls=TraceJSONEncoder, allow_nan=False))
        plugin, verdicts = _line(mlflow.get_tracking_uri(), json.dumps(self.entry, sort_keys=True), self.digest).score(row)
        return [self._feedback(plugin, verdict) for verdict in verdicts]

    def _feedback(self, plugin: Dict[str, str], verdict: Dict[str, Any]) -> Feedback:
        error = None
        if verdict["outcome"] != "scored":
            error = AssessmentError(error_code=verdict["outcome"].upper(), error_message=verdict["reason"])
        # Beside the main verdict there may be others, with a name behind `/`.
        _, *beside = verdict["scorer"].split("/", 1)
        return Feedback(
            name="/".join([self.name, *beside]),
            value=verdict["value"],
            error=error,
            rationale=verdict["rationale"],
            source=AssessmentSource("CODE", f"karat:/{plugin['name']}@{plugin['version']}"),
            metadata={"karat.plugin.digest": plugin["digest"]},
        )

    @property
    def kind(self) -> ScorerKind:
        # Of what MLflow registers, this runs no code of a client.
        return ScorerKind.INSTRUCTIONS

    def model_dump(self, **_: Any) -> Dict[str, Any]:
        """As it is registered: the plugin by its digest. Others of MLflow's clients see a judge whose model is Karat."""
        digest = self.digest or _ask(mlflow.get_tracking_uri(), self.entry, None, [])["plugin"]["digest"]
        scorer = self.entry["use"]
        judge = {
            "instructions": f"Karat's scorer `{scorer}` looks at {{{{ inputs }}}}, {{{{ outputs }}}} and {{{{ expectations }}}}.",
            "model": f"karat:/{scorer}",
            "karat": {"scorer": self.entry, "digest": digest},
        }
        return vars(SerializedScorer(name=self.name, instructions_judge_pydantic_data=judge))


def scorer(name: str, /, *, plugin: Optional[str] = None, key: Optional[str] = None, **parameters: Any) -> KaratScorer:
    """A scorer by its name: a built-in one, or one of a `plugin` (`publisher/name@version`) that was added to the server's machine.

    `parameters` are what a suite says under `with`, but none can be called `plugin` or `key`; the results are called `key`, else
    by the scorer's name.
    """
    entry = {"use": name, "plugin": plugin, "name": key, "with": parameters}
    return KaratScorer(name=key or name, entry={field: value for field, value in entry.items() if value})


@functools.lru_cache(maxsize=64)
def _line(uri: str, entry: str, digest: Optional[str]) -> "_Line":
    return _Line(uri, json.loads(entry), digest)


# The thread that sends is not there in a child.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_line.cache_clear)


class _Line:
    """Rows on their way to one scorer. MLflow's threads hand over one each: those that wait go together."""

    def __init__(self, uri: str, entry: Dict[str, Any], digest: Optional[str]):
        self._ask = functools.partial(_ask, uri, entry, digest)
        self._waiting: List[Tuple[Dict[str, Any], Future]] = []
        self._lock = threading.Lock()
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="karat")

    def score(self, row: Dict[str, Any]) -> Tuple[Dict[str, str], List[Dict[str, Any]]]:
        """The plugin that looked at the row, and its verdicts."""
        answer: Future = Future()
        with self._lock:
            self._waiting.append((row, answer))
        self._sender.submit(self._send)
        return answer.result()

    def _send(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        if batch:
            self._score(batch)

    def _score(self, batch: List[Tuple[Dict[str, Any], Future]]) -> None:
        try:
            scored = self._ask([row for row, _ in batch])
            verdicts = [(scored["plugin"], row["feedback"]) for row in scored["rows"]]
            for (_, answer), told in zip(batch, verdicts, strict=True):
                answer.set_result(told)
        except Exception as error:  # Whatever it is, whoever waits for it has to know.
            if len(batch) == 1:
                return batch[0][1].set_exception(error)
            # It may be the fault of one row, or be too much together.
            for one in batch:
                self._score([one])


def _ask(uri: str, entry: Dict[str, Any], digest: Optional[str], rows: List[Dict[str, Any]]) -> Dict[str, Any]:
    if not uri.startswith(("http://", "https://")):
        raise MlflowException.invalid_parameter_value(
            f"Karat's scorers run on its server, and the tracking URI is `{uri}`: "
            'start `karat serve`, and say `mlflow.set_tracking_uri("http://127.0.0.1:5000")`'
        )
    response = http_request(
        get_default_host_creds(uri), _PATH, "POST", json={"scorer": entry, "digest": digest, "rows": rows}
    )
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    if response.status_code != 200 or "rows" not in answer:
        error = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(error, dict):
            raise MlflowException(f"{uri} is no Karat server, or an old one: HTTP {response.status_code}")
        if response.status_code == 400:
            raise MlflowException.invalid_parameter_value(_told(error))
        raise MlflowException(_told(error))
    return answer


def _told(error: Dict[str, Any]) -> str:
    where = f"{error['field']}: " if error.get("field") else ""
    hint = f" (hint: {error['hint']})" if error.get("hint") else ""
    return f"{where}{error.get('message')}{hint}"
