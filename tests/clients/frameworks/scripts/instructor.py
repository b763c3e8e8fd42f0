# /// script
# dependencies = ["instructor==1.17.0"]
# ///
"""instructor over OpenAI's client, whose calls are traced."""

import instructor
import mlflow
import openai
from pydantic import BaseModel

mlflow.openai.autolog()


class Weather(BaseModel):
    city: str
    degrees: int


client = instructor.from_openai(openai.OpenAI())
print(client.chat.completions.create(
    model="gpt-4o-mini", response_model=Weather, messages=[{"role": "user", "content": "How is the weather in Oslo?"}]))
