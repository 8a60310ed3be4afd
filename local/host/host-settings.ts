import { readFileSync } from 'node:fs';

/** The part of host.json that the local host obeys. */
export type HostSettings = {
  readonly routePrefix: string;
  readonly queues: QueueSettings;
};

export type QueueSettings = {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  readonly maxPollingIntervalSeconds: number;
  readonly visibilityTimeoutSeconds: number;
  readonly messageEncoding: 'base64' | 'none';
};

type HostJson = {
  extensions?: {
    http?: { routePrefix?: string };
    queues?: {
      batchSize?: number;
      newBatchThreshold?: number;
      maxDequeueCount?: number;
      maxPollingInterval?: string;
      visibilityTimeout?: string;
      messageEncoding?: string;
    };
  };
};

/** Reads host.json; what is not set has the preset of the real host. */
export function readHostSettings(file: string): HostSettings {
  const { http, queues } = (JSON.parse(readFileSync(file, 'utf8')) as HostJson).extensions ?? {};
  const batchSize = queues?.batchSize ?? 16;
  return {
    routePrefix: http?.routePrefix ?? 'api',
    queues: {
      batchSize,
      newBatchThreshold: queues?.newBatchThreshold ?? Math.floor(batchSize / 2),
      maxDequeueCount: queues?.maxDequeueCount ?? 5,
      maxPollingIntervalSeconds: spanSeconds(queues?.maxPollingInterval ?? '00:01:00'),
      visibilityTimeoutSeconds: spanSeconds(queues?.visibilityTimeout ?? '00:00:00'),
      messageEncoding: queues?.messageEncoding === 'none' ? 'none' : 'base64',
    },
  };
}

/** Replaces each `%NAME%` by that setting; all missing ones in one error. */
export function withSettings(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const missing = [...text.matchAll(/%([^%]+)%/g)]
    .map((match) => match[1] as string)
    .filter((name) => !environment[name]);
  if (missing.length > 0) {
    throw new Error(
      `Cannot read "${text}": setting ${missing.join(', ')} is missing; set it in the environment.`,
    );
  }
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => environment[name] as string);
}

/** Seconds of a .NET TimeSpan: `hh:mm:ss`, with or without days and fraction. */
function spanSeconds(span: string): number {
  const parts = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(span);
  if (!parts) throw new Error(`Cannot read host.json: "${span}" is no time span; "hh:mm:ss" is expected.`);
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
