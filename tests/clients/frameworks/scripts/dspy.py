# /// script
# dependencies = ["dspy==3.4.1"]
# ///
"""DSPy: an agent that reasons and acts."""

import dspy
import mlflow

mlflow.dspy.autolog()


def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", cache=False))
print(dspy.ReAct("question -> answer", tools=[weather])(question="How is the weather in Oslo?").answer)
