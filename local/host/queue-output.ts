import type { RegisteredFunction, Response, WireData } from './functions-core.ts';
import type { Queues } from './queue-messages.ts';

/** Writes what a function returned or set for its queue outputs. A JSON array becomes one message an element. */
export async function writeQueueOutputs(
  { bindings }: RegisteredFunction,
  { outputData = [], returnValue }: Response,
  queuesOf: (connection?: string) => Queues,
  queueNameOf: (queueName: string) => string,
): Promise<void> {
  const outputs = [...outputData, { name: '$return', data: returnValue ?? null }];
  for (const { name, data } of outputs) {
    const binding = bindings[name];
    if (binding?.type !== 'queue' || binding.direction !== 'out' || !data || !binding.queueName) continue;
    const queueName = queueNameOf(binding.queueName);
    const queues = queuesOf(binding.connection);
    for (const text of messageTexts(data)) await queues.send(queueName, queues.encode(text));
  }
}

function messageTexts(data: WireData): string[] {
  if (data.json !== undefined) {
    const value: unknown = JSON.parse(data.json);
    if (!Array.isArray(value)) return [data.json];
    return value.map((element) => (typeof element === 'string' ? element : JSON.stringify(element)));
  }
  if (data.bytes) return [Buffer.from(data.bytes).toString('utf8')];
  return [String(data.string ?? data.int ?? data.double)];
}
