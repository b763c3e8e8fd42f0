"""What Karat has to know of OpenAI's client whose calls went through its gateway."""

import json
import time

import weather

TRACE = "0af7651916cd43dd8448eb211c80319c"


def arguments(model, folder):
    """What `karat serve` is told beside."""
    names = {"small": "openai:/gpt-4o-mini", "embedder": "openai:/text-embedding-3-small", "broken": "openai:/broken",
             "other": "anthropic:/claude-haiku-4-5"}
    price = {"input": 1, "output": 10}
    endpoints = {name: {"model": of, "base_url": model, "price": price} for name, of in names.items()}
    (folder / "gateway.yaml").write_text(json.dumps({"max_usd": 1, "endpoints": endpoints}))
    return ["--gateway", "gateway.yaml", "--allow", f"http={model.removesuffix('/v1')}"]


def check_client(karat, expect, told):
    expect("the client sees what it would of OpenAI", (told["call"], told["answer"]), ("weather", weather.ANSWERED))
    expect("a stream", (told["streamed"], told["usage"]), (weather.ANSWERED, []))
    expect("a stream that is counted", told["counted"], [0, 70])
    expect("models", (told["models"], told["one model"]), (["broken", "embedder", "other", "small"], "openai"))
    expect("an error of the model", told["broken"], ["BadRequestError", 400, "broken"])
    expect("a model that is not there", told["nobody"], ["NotFoundError", 404, "model_not_found"])
    expect("a model that speaks otherwise", told["other"], ["InternalServerError", 501, "unsupported_provider"])
    expect("a wrong key", told["stranger"], ["AuthenticationError", 401, "invalid_api_key"])
    expect("the trace", told["trace"], TRACE)


def stored(karat, filter, count):
    """The traces of a filter; spans come behind the answers."""
    for _ in range(300):
        if len(found := karat.search(filter)) == count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"`{filter}` finds {len(found)} traces")


def check_whole(karat, expect, told):
    stored(karat, "session is not null", 3)
    trace = karat.trace("session = 'session-1'")
    first, second = trace.named("chat gpt-4o-mini")
    weather.two_chats(expect, first, second, "CHAT_MODEL")
    expect("the client's span is above", (trace.info["id"], first.above), (TRACE, "b7ad6b7169203331"))
    expect("a cost by the endpoint's price", round(first.cost * 1e6), 40 + 150)
    expect("a parameter", first.attributes["gen_ai.request.temperature"], 0.5)
    expect("session, user", (trace.info["session"], trace.info["user"]), ("session-1", "alice"))
    embedding = trace.span("embeddings text-embedding-3-small")
    expect("embeddings", (embedding.kind, embedding.counts()), ("EMBEDDING", (4, 0, 4, 0, 0)))


def check_streamed(karat, expect, told):
    for session in ["streamed", "counted"]:
        trace = karat.trace(f"session = '{session}'")
        chat = trace.span("chat gpt-4o-mini")
        expect(f"{session}: tokens", chat.counts(), weather.SECOND)
        expect(f"{session}: the first piece", chat.attributes["gen_ai.response.time_to_first_chunk"] > 0, True)
        weather.messages_are_read(lambda claim, *both: expect(f"{session}: {claim}", *both), trace)


def check_failed(karat, expect, told):
    found = stored(karat, "status = 'ERROR'", 3)
    expect("failures", sorted(one["name"] for one in found), ["chat broken", "chat nobody", "chat other"])
