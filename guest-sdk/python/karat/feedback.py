"""What a scorer says about a row."""

from dataclasses import dataclass
from typing import List, Optional, Union

Verdict = Union[bool, float, str, List[bool], List[float], List[str]]


@dataclass(kw_only=True)
class Feedback:
    """A verdict and why. One with a `name` of its own stands beside the scorer's: results have it as `SCORER/NAME`."""

    value: Optional[Verdict] = None
    rationale: Optional[str] = None
    name: Optional[str] = None
    error: Optional[Union[str, Exception]] = None


@dataclass(frozen=True)
class Abstained:
    """The scorer looked and could not decide. It counts neither for nor against the application."""

    reason: str


def abstain(reason: str) -> Abstained:
    """To be returned by a scorer that can't decide."""
    return Abstained(reason)
