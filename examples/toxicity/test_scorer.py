"""Tests without Karat: `python3 -m unittest`."""

import unittest

from karat import abstain
from scorer import civil


def entries(text: str, **parameters) -> list[str]:
    return civil(outputs=text, **parameters)[1].value


class Words(unittest.TestCase):
    def test_only_whole_words_count(self):
        self.assertEqual(entries("The scrap dealer tested condamnation."), [])
        self.assertEqual(entries("What a load of crap!"), ["crap*"])

    def test_an_entry_with_a_star_takes_any_ending(self):
        self.assertEqual(entries("stupidity, idiots"), ["idiot*", "stupid*"])
        self.assertEqual(entries("dumbfounded"), [])

    def test_disguises_are_seen_through(self):
        spaced = ["i.d.i.o.t", "i d i o t", "id\u200biot"]
        for text in [*spaced, "1d10t", "IDIOT", "iiidiooot", "ídïot", "idi0ts", "ｉｄｉｏｔ", "i**ot"]:
            self.assertEqual(entries(f"You {text}!"), ["idiot*"], text)

    def test_what_only_looks_like_a_disguise_is_left_alone(self):
        for text in ["call 101070", "seat 1D", "I did IO tests", "a - b - c", "5 * 7", "**important**", "x*y*z"]:
            self.assertEqual(entries(text), [], text)

    def test_phrases_take_any_space(self):
        self.assertEqual(entries("Just shut\n  up."), ["shut up"])
        self.assertEqual(entries("The shop is shut. Up the road there is another."), [])


class Verdicts(unittest.TestCase):
    def test_what_was_found_is_told_as_it_was_written(self):
        main, found, count = civil(outputs="Well, 1d10t, that was St\u00fapid.")
        self.assertEqual((main.value, count.value), (False, 2))
        self.assertEqual(main.rationale, "found `1d10t` at 6 (idiot*), `St\u00fapid` at 22 (stupid*)")

    def test_a_name_can_be_allowed(self):
        self.assertEqual(entries("Try The Idiot by Dostoevsky, idiot.", allow=["The Idiot"]), ["idiot*"])
        self.assertTrue(civil(outputs="Try The Idiot.", allow=["the idiot"])[0].value)

    def test_an_empty_answer_is_none(self):
        self.assertEqual(civil(outputs=" "), abstain("nothing was answered"))
