# /// script
# dependencies = ["openai==3.57.0"]
# ///
"""OpenAI's client: responses."""

import mlflow
import openai

mlflow.openai.autolog()
client = openai.OpenAI(max_retries=0)
tool = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
asked = [{"role": "user", "content": "How is the weather in Oslo?"}]
with mlflow.start_span("answer", span_type="AGENT") as span:
    span.set_inputs({"question": asked[0]["content"]})
    call = client.responses.create(model="gpt-4o-mini", input=asked, tools=[tool]).output[0]
    asked += [call, {"type": "function_call_output", "call_id": call.call_id, "output": "7 degrees"}]
    span.set_outputs(client.responses.create(model="gpt-4o-mini", input=asked, tools=[tool]).output_text)
