"""`long_enough`: whether the answer has at least 10 characters."""

import json

from wit_world import exports
from wit_world.exports import describe
from wit_world.imports import types


class Describe(exports.Describe):
    def describe(self):
        scorer = describe.ScorerDescription(
            name="long_enough",
            summary="whether the answer has at least 10 characters",
            parameters='{"type": "object"}',
            value=describe.ValueKind.BOOLEAN,
            labels=[],
            better=describe.Direction.MAXIMIZE,
            needs=describe.Needs.OUTPUTS,
            determinism=describe.Determinism.PURE,
        )
        return describe.PluginDescription("test/python", "0.1.0", [scorer], [], [], [])


class Scorer(exports.Scorer):
    def score(self, name, parameters, row):
        answer = json.loads(row.outputs)
        verdict = types.Value_Boolean(len(answer) >= 10)
        return types.Outcome_Scored([types.Feedback(None, verdict, None)])
