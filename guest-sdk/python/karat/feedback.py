"""What a scorer says about a row."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Union

Verdict = Union[bool, float, str, List[bool], List[float], List[str]]


class AssessmentSourceType:
    CODE = "CODE"
    HUMAN = "HUMAN"
    LLM_JUDGE = "LLM_JUDGE"


@dataclass
class AssessmentSource:
    source_type: str
    source_id: str = "default"


@dataclass
class AssessmentError:
    """Why there is no verdict."""

    error_code: str
    error_message: Optional[str] = None
    stack_trace: Optional[str] = None

    def __str__(self) -> str:
        return f"{self.error_code}: {self.error_message}" if self.error_message else self.error_code


@dataclass(kw_only=True)
class Feedback:
    """A verdict and why. One with a `name` of its own stands beside the scorer's: results have it as `SCORER/NAME`.

    With an `error`, the scorer fails on this row. `source` and `metadata` are taken as MLflow takes them, for unit
    tests to look at: in results, the host says where a verdict came from, and the rationale has to say the rest.
    """

    value: Optional[Verdict] = None
    rationale: Optional[str] = None
    name: Optional[str] = None
    error: Optional[Union[str, Exception, AssessmentError]] = None
    source: Optional[AssessmentSource] = None
    metadata: Optional[Dict[str, Any]] = None


@dataclass(frozen=True)
class Abstained:
    """The scorer looked and could not decide. It counts neither for nor against the application."""

    reason: str


def abstain(reason: str) -> Abstained:
    """To be returned by a scorer that can't decide."""
    return Abstained(reason)
