from karat import Abstained, Failure, Feedback, abstain, http, judge, kv, scorer


@scorer
def verdict(outputs, kind: str):
    return {
        "boolean": Feedback(value=True, rationale="so it is"),
        "number": 0.1,
        "whole": -3,
        "text": 'ü 😀 "quoted"\n',
        "booleans": [True, False],
        "numbers": [1.5, -2],
        "texts": ["a", ""],
        "parts": [Feedback(value=True), Feedback(name="words", value=3), Feedback(name="tone", value="kind")],
        "nan": float("nan"),
    }[kind]


@scorer
def abstains(outputs) -> Abstained:
    return abstain("cannot tell")


@scorer
def fails(outputs, code: str) -> bool:
    raise Failure(f"because {code}", code)


@scorer
def raises(outputs) -> bool:
    raise RuntimeError("broken on purpose")


@scorer
def sees(row, outputs) -> str:
    expected = row.expectations["expected_response"]
    return "|".join([row.id, row.inputs["question"], outputs, expected, row.tags["lang"], row.session, str(row.trial)])


@scorer
def size(outputs) -> int:
    return len(outputs.encode())


@scorer
def keeps(outputs) -> str:
    notes = kv.open("notes")
    seen = [notes.get("n")]
    notes.set("n", b"1")
    seen.append(notes.get("n"))
    seen.append(notes.compare_and_set("n", b"0", b"2"))
    seen.append(notes.compare_and_set("n", b"1", b"2"))
    seen.append(notes.get("n"))
    notes.delete("n")
    seen.append(notes.get("n"))
    text = lambda value: "none" if value is None else value.decode() if isinstance(value, bytes) else str(value).lower()
    return "|".join(map(text, seen))


@scorer
def fetches(outputs, url: str) -> str:
    try:
        answer = http.get(url)
    except Failure as failure:
        return failure.code
    return f"{answer.status} {answer.text}"


@scorer
def asks(outputs, role: str) -> str:
    try:
        said = [judge.ask("well?", role=role).text]
    except Failure as failure:
        said = [failure.code]
    replies = judge.ask_many([judge.Question(prompt, role=role) for prompt in "abc"])
    return "|".join(said + [reply.code if isinstance(reply, Failure) else reply.text for reply in replies])


@scorer
def traces(outputs, trace=None) -> str:
    return "none" if trace is None else str(len(trace.spans))


@scorer
def spans(outputs, trace, key: str) -> str:
    seen = []
    for span in trace.spans:
        end = "?" if span.end_time_ns is None else span.end_time_ns
        text = f"={span.attributes[key]}" if key in span.attributes else ""
        error = f"!{span.status.description}" if span.status.status_code == "ERROR" else ""
        seen.append(f"{span.name}@{span.start_time_ns}-{end}{text}{error}")
    return "|".join(seen)
