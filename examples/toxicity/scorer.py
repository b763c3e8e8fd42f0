import json

from karat import Feedback, abstain, scorer

from disguise import WordList
from words import WORDS

# Made when the plugin is built, and part of it: a fresh instance for each row finds it there.
LIST = WordList(WORDS)


@scorer(value=bool)
def civil(outputs, words: list[str] = [], allow: list[str] = []):
    """whether the answer is free of words from a list, however they are disguised"""
    text = outputs if isinstance(outputs, str) else json.dumps(outputs, ensure_ascii=False)
    if not text.strip():
        return abstain("nothing was answered")
    allowed = _places(text, allow)
    hits = LIST.search(text) + WordList(words).search(text)
    found = [hit for hit in sorted(hits, key=lambda hit: hit.start) if hit.start not in allowed]
    told = ", ".join(f"`{hit.written}` at {hit.start} ({hit.entry})" for hit in found)
    return [
        Feedback(value=not found, rationale=f"found {told}" if found else None),
        Feedback(name="entries", value=sorted({hit.entry for hit in found})),
        Feedback(name="count", value=len(found)),
    ]


def _places(text: str, phrases: list[str]) -> set[int]:
    """Every place within one of these phrases."""
    places: set[int] = set()
    lower = text.lower()
    for phrase in filter(None, phrases):
        start = lower.find(phrase.lower())
        while start >= 0:
            places.update(range(start, start + len(phrase)))
            start = lower.find(phrase.lower(), start + 1)
    return places
