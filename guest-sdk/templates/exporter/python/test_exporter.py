"""Tests without Karat: `python3 -m unittest`."""

import unittest

from karat import testing
from exporter import {{scorer}}


class LowScores(unittest.TestCase):
    def test_scores_that_are_too_low_are_written(self):
        with testing.sink() as written:
            {{scorer}}(testing.batch("six", {"exact_match": 0.25, "tone": 0.75}), below=0.5)
            {{scorer}}(testing.batch("seven", {"exact_match": 1.0}))
        self.assertEqual(b"".join(written), b"six\texact_match\t0.25\n")
