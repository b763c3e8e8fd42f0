"""Tests without Karat: `python3 -m unittest`."""

import unittest

from karat import abstain
from scorer import {{scorer}}


class Words(unittest.TestCase):
    def test_as_many_as_allowed_are_fine(self):
        self.assertTrue({{scorer}}(outputs="one two three", max_words=3).value)
        self.assertFalse({{scorer}}(outputs="one two three", max_words=2).value)

    def test_no_words_are_no_answer(self):
        self.assertEqual({{scorer}}(outputs=""), abstain("nothing was answered"))
