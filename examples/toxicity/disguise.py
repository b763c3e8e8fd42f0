"""Words of a list in a text, as people write them who know that there is a list."""

import re
import unicodedata
from typing import Iterator, List, NamedTuple, Pattern, Tuple

#: Characters that stand for letters in l33t.
_LOOK_ALIKE = {
    "a": "@4", "b": "8", "e": "3", "g": "9", "i": "1!|", "l": "1|", "o": "0", "s": "5$", "t": "7+", "z": "2",
}  # fmt: skip

#: What may stand between all letters of a word, the same everywhere.
_SPACER = r"[ .\-_*·]"

#: Shorter words are looked for as they are: `a55` may be a seat.
_SHORTEST_DISGUISED = 4


class Found(NamedTuple):
    entry: str
    #: As it stands in the text.
    written: str
    start: int


class WordList:
    def __init__(self, entries: List[str]):
        self._entries: List[Tuple[str, Pattern[str]]] = [(entry, _pattern(entry)) for entry in entries]

    def search(self, text: str) -> List[Found]:
        """All that is found, by place; of several at one place, the longest."""
        plain, places = _plain(text)
        found = {}
        for hit in self._hits(plain):
            start, end = hit[1], hit[2]
            if start not in found or end > found[start][1]:
                found[start] = (hit[0], end)
        return [
            Found(entry, text[places[start] : places[end - 1] + 1], places[start])
            for start, (entry, end) in sorted(found.items())
        ]

    def _hits(self, plain: str) -> Iterator[Tuple[str, int, int]]:
        for entry, pattern in self._entries:
            for match in pattern.finditer(plain):
                letters = sum(character.isalpha() for character in match[0])
                # A number is no word, whatever its digits look like.
                if letters >= 2:
                    yield entry, match.start(), match.end()


def _plain(text: str) -> Tuple[str, List[int]]:
    """The text without case, accents and invisible characters, and where each character came from."""
    plain, places = [], []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(part) and unicodedata.category(part) != "Cf":
                plain.append(part)
                places.append(place)
    return "".join(plain), places


def _pattern(entry: str) -> Pattern[str]:
    word, ending = (entry[:-1], r"\w*") if entry.endswith("*") else (entry, "")
    words = word.casefold().split()
    if len(words) > 1 or len(word) < _SHORTEST_DISGUISED:
        body = r"\s+".join(map(re.escape, words))
    else:
        first, *rest = [_letter(letter) for letter in words[0]]
        # Letters repeated at will; or one by one with something between; the inner ones may be stars.
        close = first + "+" + "".join(f"(?:{letter}+|\\*)" for letter in rest[:-1]) + rest[-1] + "+"
        apart = first + f"(?P<spacer>{_SPACER}+)" + "(?P=spacer)".join(rest)
        body = f"(?:{close}{ending}|{apart})"
        ending = ""
    return re.compile(rf"(?<!\w){body}{ending}(?!\w)")


def _letter(letter: str) -> str:
    return f"[{re.escape(letter + _LOOK_ALIKE.get(letter, ''))}]"
