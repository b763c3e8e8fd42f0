# /// script
# dependencies = ["langchain==1.5.2", "langchain-openai==1.7.4"]
# ///
"""LangChain: an agent, and a chain as a stream."""

import mlflow
from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI

mlflow.langchain.autolog()


def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


model = ChatOpenAI(model="gpt-4o-mini")
agent = create_agent(model, tools=[weather], system_prompt="Be brief.", name="forecaster")
print(agent.invoke({"messages": [{"role": "user", "content": "How is the weather in Oslo?"}]})["messages"][-1].content)
chain = ChatPromptTemplate.from_template("How is the weather in {city}?") | model | StrOutputParser()
print("".join(chain.stream({"city": "Oslo"})))
