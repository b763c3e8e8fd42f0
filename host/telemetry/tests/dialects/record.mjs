// Records what the AI SDK emits, as `record.py` does for Python:
//
//     npm install ai@6 @opentelemetry/api @opentelemetry/sdk-trace-node @opentelemetry/otlp-transformer zod
//     node record.mjs
//
// It writes `vercel.json` beside this file.

import { writeFileSync } from 'node:fs';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { embed, generateText, stepCountIs, tool } from 'ai';
import { MockEmbeddingModelV3, MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';

const kept = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'weather' }),
  spanProcessors: [new SimpleSpanProcessor(kept)],
});
provider.register();

const usage = (input, cached, output, reasoning) => ({
  inputTokens: { total: input, noCache: input - cached, cacheRead: cached, cacheWrite: 0 },
  outputTokens: { total: output, text: output - reasoning, reasoning },
});
const steps = [
  { content: [{ type: 'tool-call', toolCallId: 'call_1', toolName: 'weather', input: '{"city":"Oslo"}' }],
    finishReason: { unified: 'tool-calls', raw: 'tool_calls' }, usage: usage(40, 0, 15, 5), warnings: [] },
  { content: [{ type: 'text', text: 'It is 7 degrees.' }],
    finishReason: { unified: 'stop', raw: 'stop' }, usage: usage(70, 32, 8, 0), warnings: [] },
];
const model = new MockLanguageModelV3({ provider: 'openai.chat', modelId: 'gpt-4o-mini', doGenerate: async () => steps.shift() });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => '7 degrees' });
const experimental_telemetry = { isEnabled: true, functionId: 'answer', metadata: { sessionId: 'session-1', userId: 'alice' } };

await generateText({
  model, tools: { weather }, stopWhen: stepCountIs(3), experimental_telemetry,
  system: 'Be brief.', prompt: 'How is the weather in Oslo?',
});
await embed({
  model: new MockEmbeddingModelV3({ doEmbed: async () => ({ embeddings: [[0.25, -0.5]], usage: { tokens: 4 }, warnings: [] }) }),
  value: 'weather in Oslo', experimental_telemetry: { isEnabled: true },
});

const spans = kept.getFinishedSpans().sort((one, other) => (one.startTime[0] - other.startTime[0]) || (one.startTime[1] - other.startTime[1]));
const told = JSON.parse(new TextDecoder().decode(JsonTraceSerializer.serializeRequest(spans)));

// Without what differs from one recording to the next.
const ids = new Map();
const number = (raw, length) => {
  if (!ids.has(raw)) ids.set(raw, (ids.size + 1).toString(16).padStart(length, '0'));
  return ids.get(raw);
};
const all = told.resourceSpans.flatMap((resource) => resource.scopeSpans.flatMap((scope) => scope.spans));
const start = all.map((span) => BigInt(span.startTimeUnixNano)).reduce((one, other) => (one < other ? one : other));
const since = (time) => String(1_700_000_000_000_000_000n + BigInt(time) - start);
for (const span of all) {
  span.startTimeUnixNano = since(span.startTimeUnixNano);
  span.endTimeUnixNano = since(span.endTimeUnixNano);
  for (const event of span.events) event.timeUnixNano = since(event.timeUnixNano);
  span.traceId = number(span.traceId, 32);
  span.spanId = number(span.spanId, 16);
  if (span.parentSpanId) span.parentSpanId = number(span.parentSpanId, 16);
}
// A span a line.
const text = JSON.stringify(told).replaceAll('{"traceId"', '\n{"traceId"');
writeFileSync(new URL('vercel.json', import.meta.url), text + '\n');
