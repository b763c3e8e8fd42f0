"""`numeric_match` as the built-in one, for a pattern with one group."""

import re

from karat import BadInput, Feedback, scorer

NUMBER = re.compile(r"(?:\d{1,3}(?!\d)(?:(?:,\d\d(?!\d))*,\d{3}(?!\d))*|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


@scorer
def numeric_match(outputs, expectations, pattern: str) -> bool | Feedback:
    """whether the last number in the outputs equals the last one in the expected response"""
    found = re.compile(pattern)
    expected = last_number(found, str(expectations["expected_response"]))
    if expected is None:
        raise BadInput("`expectations.expected_response` has no number where `pattern` matches")
    number = last_number(found, str(outputs))
    if number is None:
        return Feedback(value=False, rationale="no number in the outputs where `pattern` matches")
    if number == expected:
        return True
    return Feedback(value=False, rationale=f"{shown(number)} is not {shown(expected)}")


def last_number(pattern, text):
    excerpts = [match.group(1) for match in pattern.finditer(text)]
    numbers = list(NUMBER.finditer(excerpts[-1])) if excerpts else []
    if not numbers:
        return None
    text, start = excerpts[-1], numbers[-1].start()
    digits = numbers[-1].group().replace(",", "")
    if re.search(r"(?<!\d)\.$", text[:start]):
        start, digits = start - 1, "0." + digits
    is_negative = re.search(r"(?<!\w)[-−]$", text[:start])
    return -float(digits) if is_negative else float(digits)


def shown(number):
    return str(int(number)) if number.is_integer() else repr(number)
