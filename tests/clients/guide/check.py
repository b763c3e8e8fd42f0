"""What a user of MLflow's guide sees on Karat: each script has its own checks, and fails as a whole."""

import json


def arguments(model, folder):
    """A scorer that looks at traces by itself wants a model of the gateway."""
    endpoints = {"judge": {"model": "openai:/gpt-4o-mini", "base_url": model, "price": {"input": 1, "output": 10}}}
    (folder / "gateway.yaml").write_text(json.dumps({"max_usd": 1, "endpoints": endpoints}))
    return ["--gateway", "gateway.yaml", "--allow", f"http={model.removesuffix('/v1')}"]


def check_scripts(karat, expect, told):
    expect("there are scripts", bool(told), True)
    for topic, failure in told.items():
        expect.fail(topic, failure) if failure else expect(topic, failure, "")
