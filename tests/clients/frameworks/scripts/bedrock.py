# /// script
# dependencies = ["boto3==1.43.118"]
# ///
"""Amazon's client for Bedrock."""

import boto3
import mlflow

mlflow.bedrock.autolog()
client = boto3.client("bedrock-runtime", region_name="us-east-1")
schema = {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}
asked = {"modelId": "anthropic.claude-3-5-sonnet-20241022-v2:0",
         "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "description": "The weather of a city.", "inputSchema": schema}}]}}
messages = [{"role": "user", "content": [{"text": "How is the weather in Oslo?"}]}]
call = client.converse(**asked, messages=messages)["output"]["message"]
result = {"toolUseId": call["content"][0]["toolUse"]["toolUseId"], "content": [{"text": "7 degrees"}]}
messages += [call, {"role": "user", "content": [{"toolResult": result}]}]
print(client.converse(**asked, messages=messages)["output"]["message"]["content"][0]["text"])
