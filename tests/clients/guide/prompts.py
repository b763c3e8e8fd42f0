"""Prompts that are kept apart from the code: versions, names for them, going back, finding them again."""

import guide
import mlflow
from pydantic import BaseModel

experiment = guide.experiment("prompts")
NAME = guide.unique("greeting")
genai, client = mlflow.genai, mlflow.MlflowClient()


class Greeting(BaseModel):
    text: str


first = genai.register_prompt(name=NAME, template="Hello {{name}}, you are {{ age }}.", commit_message="a first one", tags={"author": "alice"})
assert (first.name, first.version, first.variables) == (NAME, 1, {"name", "age"}), first
assert first.format(name="Bob", age=7) == "Hello Bob, you are 7."
second = genai.register_prompt(name=NAME, template="Dear {{name}}!", commit_message="shorter", response_format=Greeting,
                               model_config={"model_name": "gpt-4o-mini", "temperature": 0.5})
assert second.version == 2

# By version
for read in [genai.load_prompt(NAME, version=1), genai.load_prompt(f"prompts:/{NAME}/1")]:
    assert (read.version, read.template, read.commit_message, read.tags["author"]) == (1, first.template, "a first one", "alice"), read
read = genai.load_prompt(f"prompts:/{NAME}/2")
assert read.response_format["properties"]["text"]["type"] == "string", read.response_format
assert read.model_config["temperature"] == 0.5 and read.uri == f"prompts:/{NAME}/2", read
assert genai.load_prompt(f"prompts:/{NAME}@latest").version == 2
assert genai.load_prompt(NAME).version == 2
assert genai.load_prompt(NAME, version=9, allow_missing=True) is None
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: genai.load_prompt(guide.unique("nobody"), version=1))
guide.refused("RESOURCE_DOES_NOT_EXIST", lambda: genai.load_prompt(NAME, version=9))


# By alias: a client remembers where it points to for a while
def live():
    return genai.load_prompt(f"prompts:/{NAME}@live", cache_ttl_seconds=0).version


genai.set_prompt_alias(NAME, alias="live", version=1)
assert live() == 1
genai.set_prompt_alias(NAME, alias="live", version=2)
assert live() == 2
genai.set_prompt_alias(NAME, alias="live", version=1)
assert live() == 1, "going back is moving the alias"
genai.set_prompt_alias(NAME, alias="next", version=2)
assert client.get_prompt_version_by_alias(NAME, "next").version == 2
genai.delete_prompt_alias(NAME, alias="next")
guide.refused("INVALID_PARAMETER_VALUE", lambda: genai.load_prompt(f"prompts:/{NAME}@next", cache_ttl_seconds=0))
guide.refused("INVALID_PARAMETER_VALUE", lambda: genai.set_prompt_alias(NAME, alias="latest", version=1))

# A conversation
chat = genai.register_prompt(name=guide.unique("chat"), template=[
    {"role": "system", "content": "You are {{ kind }}."}, {"role": "user", "content": "{{ question }}"}])
told = genai.load_prompt(chat.name, version=1)
assert not told.is_text_prompt and told.format(kind="brief", question="How?")[1] == {"role": "user", "content": "How?"}, told

# Tags, of the prompt and of a version
genai.set_prompt_tag(NAME, "team", "weather")
genai.set_prompt_tag(NAME, "old", "yes")
genai.delete_prompt_tag(NAME, "old")
tags = genai.get_prompt_tags(NAME)
assert tags["team"] == "weather" and "old" not in tags, tags
genai.set_prompt_version_tag(NAME, 1, "checked", "no")
genai.set_prompt_version_tag(NAME, 1, "checked", "yes")
assert genai.load_prompt(NAME, version=1, cache_ttl_seconds=0).tags["checked"] == "yes"
genai.delete_prompt_version_tag(NAME, 1, "checked")
assert "checked" not in genai.load_prompt(NAME, version=1, cache_ttl_seconds=0).tags
genai.set_prompt_model_config(NAME, 1, {"model_name": "gpt-4o", "max_tokens": 9})
assert genai.load_prompt(NAME, version=1, cache_ttl_seconds=0).model_config["max_tokens"] == 9
genai.delete_prompt_model_config(NAME, 1)
assert not genai.load_prompt(NAME, version=1, cache_ttl_seconds=0).model_config

# Search
assert [prompt.name for prompt in genai.search_prompts(f"name = '{NAME}'")] == [NAME]
assert {prompt.name for prompt in genai.search_prompts(f"name LIKE '%{guide.RUN}'")} == {NAME, chat.name}
assert [prompt.name for prompt in genai.search_prompts(f"name LIKE '%{guide.RUN}' AND tags.team = 'weather'")] == [NAME]
assert sorted(version.version for version in client.search_prompt_versions(NAME)) == [1, 2]
assert [model.name for model in mlflow.search_registered_models(filter_string=f"name = '{NAME}'")] == [], "a prompt is no model"
guide.refused("INVALID_PARAMETER_VALUE", lambda: client.create_registered_model(guide.unique("model")) and genai.register_prompt(
    name=guide.unique("model"), template="x"))


# What used it
@mlflow.trace
def greet():
    return genai.load_prompt(NAME, version=2).format(name="Bob")


assert greet() == "Dear Bob!"
trace = guide.last_trace()
assert f'"name": "{NAME}", "version": "2"' in trace.info.tags["mlflow.linkedPrompts"], trace.info.tags
found = mlflow.search_traces(locations=[experiment.experiment_id], filter_string=f"prompt = '{NAME}/2'", return_type="list")
assert [one.info.trace_id for one in found] == [trace.info.trace_id]

# Gone
client.delete_prompt_version(NAME, "2")
assert [version.version for version in client.search_prompt_versions(NAME)] == [1]
third = genai.register_prompt(name=NAME, template="Hi {{name}}")
assert third.version == 3, "a number is not used twice"
for version in [1, 3]:
    client.delete_prompt_version(NAME, str(version))
client.delete_prompt(NAME)
assert list(genai.search_prompts(f"name = '{NAME}'")) == []
