"""In what the traces of a script differ between two servers, and why."""

from differences import differences, masked_text

from reasons import REASONS


def places(ours, theirs):
    """Where they are not the same: the place, ours, theirs."""
    ours, theirs = masked(ours), masked(theirs)
    if len(ours) != len(theirs):
        yield "traces", len(ours), len(theirs)
    for number, (one, other) in enumerate(zip(ours, theirs), 1):
        for place, mine, his in differences(one["info"], other["info"]):
            yield f"trace {number}{place}", mine, his
        yield from of_spans(one["spans"], other["spans"], f"trace {number}: ")


def of_spans(ours, theirs, above):
    names = [[span["name"] for span in spans] for spans in (ours, theirs)]
    if names[0] != names[1]:
        yield f"{above}spans", *names
    for number, (one, other) in enumerate(zip(ours, theirs), 1):
        where = f"{above}{number} {one['name']}"
        for place, mine, his in differences({**one, "spans": 0}, {**other, "spans": 0}):
            yield f"{where}{place}", mine, his
        yield from of_spans(one["spans"], other["spans"], f"{where} > ")


def masked(value):
    """Texts stay texts, JSON or not."""
    if isinstance(value, dict):
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str):
        return masked_text(value)
    return "TIME" if isinstance(value, int) and value > 1.7e9 else value


def compared(ours, theirs):
    """What differs, with its reason where it has one."""
    return [(place, reason(place, mine, his), mine, his) for place, mine, his in places(ours, theirs)]


def reason(place, mine, his):
    return next((why for holds, why in REASONS if holds(place, mine, his)), None)


def without_noise(different, theirs, again):
    """What MLflow's own server has not the same twice is no difference."""
    noise = {place for place, _, _ in places(again, theirs)}
    return [one for one in different if one[0] not in noise]
