"""Calls of a model that are traced by themselves: OpenAI's client and LangChain."""

import asyncio

import guide
import mlflow
import openai
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from model import ANSWER, CALL, QUESTION, RESULT, TOOLS

SECOND = {"input_tokens": 70, "output_tokens": 8, "total_tokens": 78, "cache_read_input_tokens": 32}

guide.experiment("autolog")
mlflow.openai.autolog()
client = openai.OpenAI(max_retries=0)


@mlflow.trace
def weather():
    client.chat.completions.create(model="gpt-4o-mini", messages=QUESTION, tools=TOOLS, temperature=0.5)
    told = client.chat.completions.create(model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT])
    return told.choices[0].message.content


assert weather() == ANSWER["content"]
trace = guide.last_trace()
first, second = trace.search_spans(span_type="CHAT_MODEL")
assert first.parent_id == second.parent_id == trace.search_spans(name="weather")[0].span_id
assert first.inputs["messages"] == QUESTION and first.outputs["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "weather"
assert first.get_attribute("temperature") == 0.5 and first.get_attribute("mlflow.chat.tools")[0]["function"]["name"] == "weather"
assert second.outputs["choices"][0]["message"]["content"] == ANSWER["content"]
assert second.get_attribute("mlflow.chat.tokenUsage") == SECOND, second.attributes
assert second.get_attribute("mlflow.message.format") == "openai" and second.model_name.startswith("gpt-4o-mini"), second.attributes
usage = trace.info.token_usage
assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (110, 23, 133), usage
# What it costs the server knows.
assert {"input_cost", "output_cost", "total_cost"} <= set(trace.info.cost), trace.info.cost
assert second.llm_cost["total_cost"] > 0, second.llm_cost
assert abs(trace.info.cost["total_cost"] - first.llm_cost["total_cost"] - second.llm_cost["total_cost"]) < 1e-12, trace.info.cost

# A stream
chunks = client.chat.completions.create(
    model="gpt-4o-mini", messages=[*QUESTION, CALL, RESULT], stream=True, stream_options={"include_usage": True})
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ANSWER["content"]
span = guide.last_trace().data.spans[0]
assert span.outputs["choices"][0]["message"]["content"] == ANSWER["content"], span.outputs
assert span.get_attribute("mlflow.chat.tokenUsage") == SECOND, span.attributes


# A coroutine
async def asked():
    async with openai.AsyncOpenAI(max_retries=0) as beside:
        return await beside.chat.completions.create(model="gpt-4o-mini", messages=QUESTION)


assert asyncio.run(asked()).choices[0].message.content == ANSWER["content"]
assert guide.last_trace().data.spans[0].span_type == "CHAT_MODEL"


# An answer of a shape, embeddings, and a failure
class Verdict(BaseModel):
    result: str
    rationale: str


parsed = client.chat.completions.parse(model="gpt-4o-mini", messages=QUESTION, response_format=Verdict)
assert parsed.choices[0].message.parsed.result == "yes"
assert "yes" in str(guide.last_trace().data.spans[0].outputs)
client.embeddings.create(model="text-embedding-3-small", input=["Oslo"])
span = guide.last_trace().data.spans[0]
assert span.span_type == "EMBEDDING" and span.inputs["input"] == ["Oslo"], span
try:
    client.chat.completions.create(model="broken", messages=QUESTION)
    raise AssertionError("the failure does not reach the caller")
except openai.BadRequestError:
    pass
trace = guide.last_trace()
assert trace.info.state == "ERROR" and "The model is out of order." in trace.data.spans[0].events[0].attributes["exception.message"]
mlflow.openai.autolog(disable=True)

# LangChain
mlflow.langchain.autolog()
chain = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "How is the weather in {city}?")]) \
    | ChatOpenAI(model="gpt-4o-mini", max_retries=0) | StrOutputParser()
assert chain.invoke({"city": "Oslo"}) == ANSWER["content"]
trace = guide.last_trace()
names = {span.name for span in trace.data.spans}
assert {"RunnableSequence", "ChatPromptTemplate", "ChatOpenAI", "StrOutputParser"} <= names, names
root, chat = trace.search_spans(name="RunnableSequence")[0], trace.search_spans(name="ChatOpenAI")[0]
assert (root.inputs, root.outputs, root.span_type) == ({"city": "Oslo"}, ANSWER["content"], "CHAIN"), root
assert chat.parent_id == root.span_id and chat.span_type == "CHAT_MODEL"
assert trace.info.token_usage["total_tokens"] == 78 and trace.info.cost["total_cost"] > 0, trace.info
assert chain.batch([{"city": "Oslo"}, {"city": "Bergen"}]) == [ANSWER["content"]] * 2
assert "".join(chain.stream({"city": "Oslo"})) == ANSWER["content"]
trace = guide.last_trace()
assert trace.info.state == "OK" and trace.search_spans(name="ChatOpenAI")


@tool
def degrees(city: str) -> str:
    """The temperature of a city."""
    return "7 degrees"


assert degrees.invoke({"city": "Oslo"}) == "7 degrees"
span = guide.last_trace().data.spans[0]
assert (span.name, span.span_type) == ("degrees", "TOOL"), span
