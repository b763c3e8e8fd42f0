"""What a plugin exports. Only `karat plugin build` uses it: there is no `wit_world` elsewhere."""

import enum
import json
import traceback
from typing import Any, Callable, List

from componentize_py_types import Err
from wit_world.exports import describe
from wit_world.imports import types

from . import _host, log
from .errors import Failure
from .exporting import EXPORTERS, Batch
from .feedback import Abstained, Feedback
from .predicting import PREDICTORS
from .row import Row
from .scoring import SCORERS, Scorer as Definition


def plugin(name: str, version: str) -> Any:
    """The class that every world asks for; `Scorer`, `Predictor` or `Exporter` is the other."""

    class Describe:
        def describe(self) -> describe.PluginDescription:
            scorers = [_description(scorer) for scorer in SCORERS]
            predictors, exporters = ([_item(item) for item in items] for items in (PREDICTORS, EXPORTERS))
            return describe.PluginDescription(name, version, scorers, [], predictors, exporters)

    return Describe


class Scorer:
    def score(self, name: str, parameters: str, row: types.Row) -> Any:
        def call() -> Any:
            scorer = _find(SCORERS, name, "scorer")
            return _outcome(scorer.name, scorer.on(_row(row), json.loads(parameters)))

        return _answer(call)


class Predictor:
    def predict(self, name: str, parameters: str, row: types.Row, span: Any) -> Any:
        # Only a plugin with predictors has it.
        from wit_world.exports import predictor

        def call() -> Any:
            traceparent = f"00-{span.trace}-{span.span}-01"
            found = _find(PREDICTORS, name, "predictor")
            answer = found.on(_row(row), json.loads(parameters), traceparent)
            attributes = [types.Attribute(key, json.dumps(value)) for key, value in answer.all_attributes().items()]
            return predictor.Prediction(json.dumps(answer.outputs), [], attributes)

        return _answer(call)


class Exporter:
    def accepts(self, name: str, parameters: str) -> Any:
        # Only a plugin with exporters has it.
        from wit_world.exports import exporter

        def call() -> Any:
            return [exporter.Encoding[f"OTLP_{_find(EXPORTERS, name, 'exporter').encoding.upper()}"]]

        return _answer(call)

    def export(self, name: str, parameters: str, batch: Any) -> Any:
        from wit_world.exports import exporter

        def call() -> Any:
            encoding = batch.encoding.name.lower().removeprefix("otlp_")
            handed = Batch(batch.payload, batch.span_count, batch.id, encoding)
            receipt = _find(EXPORTERS, name, "exporter").on(handed, json.loads(parameters))
            return exporter.Receipt(receipt.accepted, receipt.rejected, receipt.message)

        return _answer(call)

    def flush(self, name: str, parameters: str) -> None:
        _answer(lambda: _find(EXPORTERS, name, "exporter").send_rest(json.loads(parameters)))


def _find(items: List[Any], name: str, noun: str) -> Any:
    found = next((item for item in items if item.name == name), None)
    if found is None:
        raise Failure(f"this plugin has no {noun} `{name}`", "bad-parameter")
    return found


def _answer(call: Callable[[], Any]) -> Any:
    """What a call returns, or what it raises in the interface's words."""
    try:
        return call()
    except Failure as failure:
        raise _refusal(failure)
    except Exception as error:
        log.error(traceback.format_exc().rstrip())
        raise _refusal(Failure("".join(traceback.format_exception_only(error)).strip()))


def _description(scorer: Definition) -> describe.ScorerDescription:
    return describe.ScorerDescription(
        name=scorer.name,
        summary=" ".join(scorer.summary.split()),
        parameters=scorer.parameters,
        value=describe.ValueKind[scorer.value.upper()],
        labels=scorer.labels,
        better=describe.Direction[scorer.better],
        needs=describe.Needs.OUTPUTS if scorer.needs_outputs else describe.Needs(0),
        determinism=describe.Determinism[(scorer.determinism or _determinism()).upper()],
    )


def _item(item: Any) -> describe.ItemDescription:
    return describe.ItemDescription(item.name, " ".join(item.summary.split()), item.parameters)


def _determinism() -> str:
    if _host.INTERFACES["http"] or _host.INTERFACES["kv"]:
        return "volatile"
    return "judge" if _host.INTERFACES["judge"] else "pure"


def _row(row: types.Row) -> Row:
    return Row(
        id=row.id,
        inputs_json=row.inputs,
        outputs_json=row.outputs,
        expectations_json=row.expectations,
        candidate_json=row.candidate,
        tags=dict(row.tags),
        session=row.session,
        trial=row.trial,
        seed=row.seed,
    )


def _outcome(scorer: str, returned: Any) -> types.Outcome:
    if returned is None:
        return types.Outcome_Abstained("it returned nothing")
    if isinstance(returned, Abstained):
        return types.Outcome_Abstained(returned.reason)
    several = isinstance(returned, list) and returned and all(isinstance(one, Feedback) for one in returned)
    return types.Outcome_Scored([_feedback(scorer, one) for one in (returned if several else [returned])])


def _feedback(scorer: str, returned: Any) -> types.Feedback:
    if not isinstance(returned, Feedback):
        return types.Feedback(None, _value(returned), None)
    if returned.error is not None:
        raise Failure(str(returned.error))
    name = None if returned.name == scorer else returned.name
    return types.Feedback(name, _value(returned.value), returned.rationale)


def _value(value: Any) -> types.Value:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, bool):
        return types.Value_Boolean(value)
    if isinstance(value, (int, float)):
        return types.Value_Number(float(value))
    if isinstance(value, str):
        return types.Value_Text(value)
    if isinstance(value, (list, tuple)):
        return _list(list(value))
    raise Failure(f"a verdict is a bool, a number, a str or a list of these, not {type(value).__name__}")


def _list(values: List[Any]) -> types.Value:
    if values and all(isinstance(value, bool) for value in values):
        return types.Value_Booleans(values)
    if values and all(isinstance(value, (int, float)) for value in values):
        return types.Value_Numbers([float(value) for value in values])
    if all(isinstance(value, str) for value in values):
        return types.Value_Texts(values)
    raise Failure("a list of verdicts holds bools, numbers or strs, and only one kind of them")


def _refusal(failure: Failure) -> Err:
    return Err(types.Failure(types.ErrorCode[failure.code.upper().replace("-", "_")], failure.message))
