# /// script
# dependencies = ["google-genai==3.6.1"]
# ///
"""Google's client for Gemini, which calls a function by itself."""

import mlflow
from google import genai
from google.genai import types

mlflow.gemini.autolog()


def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


client = genai.Client()
config = types.GenerateContentConfig(tools=[weather], system_instruction="Be brief.")
print(client.models.generate_content(model="gemini-2.5-flash", contents="How is the weather in Oslo?", config=config).text)
print(client.chats.create(model="gemini-2.5-flash").send_message("How is the weather in Oslo?").text)
