"""Where two values of JSON differ."""


def differing(one, other, path=""):
    """Lines with the path of each difference, and both sides."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if key not in one or key not in other:
                yield f"{path}.{key}: {'missing' if key not in one else shown(one[key])} | {'missing' if key not in other else shown(other[key])}"
            else:
                yield from differing(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other)):
            yield from differing(left, right, f"{path}[{place}]")
    elif one != other:
        yield f"{path}: {shown(one)} | {shown(other)}"


def shown(value):
    text = str(value)
    return text if len(text) < 200 else text[:200] + "…"
