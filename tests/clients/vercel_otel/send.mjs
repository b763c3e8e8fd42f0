// The AI SDK since version 7, whose OpenTelemetry output is a package of its own and keeps to the conventions.

import { createOpenAI } from '@ai-sdk/openai';
import { OpenTelemetry } from '@ai-sdk/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { embed, generateText, isStepCount, registerTelemetry, streamText, tool } from 'ai';
import { z } from 'zod';

const exporter = new OTLPTraceExporter({ url: `${process.env.KARAT_HTTP}/v1/traces`, compression: 'gzip' });
const sdk = new NodeSDK({ serviceName: 'weather', traceExporter: exporter, instrumentations: [] });
sdk.start();
registerTelemetry(new OpenTelemetry());

const openai = createOpenAI({ apiKey: 'none', baseURL: process.env.MODEL });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => '7 degrees' });
const broken = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => { throw new Error('the sensor is off'); } });
const asked = (functionId, tools) => ({
  model: openai.chat('gpt-4o-mini'), tools, stopWhen: isStepCount(3), maxRetries: 0,
  instructions: 'Be brief.', prompt: 'How is the weather in Oslo?', telemetry: { functionId },
});

await generateText(asked('whole', { weather }));
for await (const _ of streamText(asked('streamed', { weather })).textStream);
await generateText(asked('broken tool', { weather: broken }));
await embed({ model: openai.embedding('text-embedding-3-small'), value: 'weather in Oslo', telemetry: { functionId: 'embedded' } });
await generateText({ ...asked('failed'), model: openai.chat('broken') }).catch(() => {});
await sdk.shutdown();
