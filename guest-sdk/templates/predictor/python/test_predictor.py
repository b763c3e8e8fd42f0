"""Tests without Karat: `python3 -m unittest`."""

import unittest

from karat import http, testing
from predictor import {{scorer}}


class Answers(unittest.TestCase):
    def test_the_answer_becomes_the_outputs(self):
        with testing.http({"POST http://app.test/answer": http.Response(200, b'{"answer": "42"}')}):
            self.assertEqual({{scorer}}({"question": "6 times 7?"}, "", url="http://app.test"), "42")
