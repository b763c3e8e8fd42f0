// The AI SDK with the OpenTelemetry output of its own, as Next.js and Node applications have it.

import { createOpenAI } from '@ai-sdk/openai';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { embed, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const exporter = new OTLPTraceExporter({ url: `${process.env.KARAT_HTTP}/v1/traces`, compression: 'gzip' });
const sdk = new NodeSDK({ serviceName: 'weather', traceExporter: exporter, instrumentations: [] });
sdk.start();

const openai = createOpenAI({ apiKey: 'none', baseURL: process.env.MODEL });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => '7 degrees' });
const broken = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => { throw new Error('the sensor is off'); } });
const telemetry = (functionId) =>
  ({ isEnabled: true, functionId, metadata: { sessionId: 'session-1', userId: 'alice', team: 'north' } });
const asked = (functionId, tools) => ({
  model: openai.chat('gpt-4o-mini'), tools, stopWhen: stepCountIs(3), maxRetries: 0,
  system: 'Be brief.', prompt: 'How is the weather in Oslo?', experimental_telemetry: telemetry(functionId),
});

await generateText(asked('whole', { weather }));
for await (const _ of streamText(asked('streamed', { weather })).textStream);
await generateText(asked('broken tool', { weather: broken }));
await embed({
  model: openai.embedding('text-embedding-3-small'), value: 'weather in Oslo', experimental_telemetry: telemetry('embedded'),
});
await generateText({ ...asked('failed'), model: openai.chat('broken') }).catch(() => {});
await sdk.shutdown();
