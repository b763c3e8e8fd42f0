# /// script
# dependencies = ["ag2[openai]==0.14.0"]
# ///
"""AG2: two agents that talk, one of which runs the tool."""

import mlflow
from autogen import ConversableAgent, register_function

mlflow.ag2.autolog()


def weather(city: str) -> str:
    return "7 degrees"


forecaster = ConversableAgent("forecaster", llm_config={"config_list": [{"model": "gpt-4o-mini", "api_type": "openai"}]})
user = ConversableAgent("user", human_input_mode="NEVER", llm_config=False)
register_function(weather, caller=forecaster, executor=user, description="The weather of a city.")
print(user.initiate_chat(forecaster, message="How is the weather in Oslo?", max_turns=2).summary)
