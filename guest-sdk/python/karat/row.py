"""One case of a dataset, as a scorer sees it."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Optional

from .errors import BadInput


class Fields(dict):
    """A JSON object of a row; what it lacks is a failure that names the field."""

    def __init__(self, values: Dict[str, Any], part: str):
        super().__init__(values)
        self.part = part

    def __missing__(self, name: str) -> Any:
        raise BadInput(f"the row has no `{self.part}.{name}`")


@dataclass
class Row:
    """A row with its JSON as text; nothing of it is parsed before it is asked for."""

    id: str = "row"
    inputs_json: str = "{}"
    outputs_json: Optional[str] = None
    expectations_json: Optional[str] = None
    #: Another answer to the same inputs, for scorers that compare two.
    candidate_json: Optional[str] = None
    tags: Dict[str, str] = field(default_factory=dict)
    session: Optional[str] = None
    #: Which repetition of the row this is, from 0.
    trial: int = 0
    #: For anything random: a function of the suite's seed, the plugin, the scorer, the row and the trial.
    seed: int = 0

    @cached_property
    def inputs(self) -> Fields:
        """What the application was asked."""
        return Fields(json.loads(self.inputs_json), "inputs")

    @cached_property
    def outputs(self) -> Any:
        """What the application answered; none where it was not run."""
        return None if self.outputs_json is None else json.loads(self.outputs_json)

    @cached_property
    def expectations(self) -> Fields:
        """Ground truth; empty where there is none."""
        return Fields(json.loads(self.expectations_json or "{}"), "expectations")

    @cached_property
    def candidate(self) -> Any:
        """Another answer to the same inputs; none where there is none."""
        return None if self.candidate_json is None else json.loads(self.candidate_json)
