"""An agent and a chain of LangChain's, instrumented with OpenInference."""

import contextlib
import os

import openai
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor

import spans

provider = spans.to_karat()
LangChainInstrumentor().instrument(tracer_provider=provider)


def model(name="gpt-4o-mini", **more):
    return ChatOpenAI(model=name, base_url=os.environ["MODEL"], api_key="none", max_retries=0, stream_usage=True, **more)


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return "7 degrees"


@tool
def broken_weather(city: str) -> str:
    """The weather of a city, on a bad day."""
    raise TimeoutError("the sensor is off")


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        found = [("d1", "Oslo is cold.", 0.5), ("d2", "Oslo is in Norway.", 0.25)]
        return [Document(text, id=id, metadata={"doc_uri": f"{id}.md", "score": score}) for id, text, score in found]


question = "How is the weather in Oslo?"
agent = create_agent(model(), [weather], system_prompt="Be brief.", name="weather_agent")
with using_attributes(session_id="session-1", user_id="alice"):
    agent.invoke({"messages": [("user", question)]})

prompt = ChatPromptTemplate([("system", "Use this: {context}"), ("user", "{question}")])
chain = {"context": Shelf(), "question": RunnablePassthrough()} | prompt | model() | StrOutputParser()
chain.with_config(run_name="answer from documents").invoke(question)
"".join(chain.with_config(run_name="answer in pieces").stream(question))

with contextlib.suppress(openai.BadRequestError):
    (prompt | model("broken")).with_config(run_name="broken chain").invoke({"context": "", "question": question})
with contextlib.suppress(TimeoutError):
    broken_weather.invoke({"city": "Oslo"})

model().invoke([("system", "Be brief."), ("user", question)])

provider.force_flush()
provider.shutdown()
