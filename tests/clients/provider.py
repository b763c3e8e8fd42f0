"""The made-up model behind every provider's address: what a path asks for is answered in its provider's shape."""

import json

import model
from wire import anthropic, bedrock, gemini, responses

WIRES = {"/messages": anthropic, ":generateContent": gemini, "/converse": bedrock, "/responses": responses}


class Provider(model.Model):
    def reply(self, asked):
        wire = next((wire for end, wire in WIRES.items() if self.path.split("?")[0].endswith(end)), None)
        if wire is None:
            # Mistral and Groq, too, have OpenAI's chat.
            return super().reply(asked)
        if "broken:" in self.path:
            # Of Gemini's shape alone: nobody else has the model in the path.
            error = {"code": 400, "message": "The model is out of order.", "status": "INVALID_ARGUMENT"}
            return self.answer(400, json.dumps({"error": error}).encode())
        self.answer(200, json.dumps(wire.reply(asked)).encode())


def serving():
    return model.serving(Provider)
