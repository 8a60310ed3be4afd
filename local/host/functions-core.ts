/**
 * What `@azure/functions` gets when it asks for its host: `require('@azure/functions-core')` is answered with this
 * module, so the deployed trigger files register here, unchanged. The shapes are those of the Functions worker.
 */

export type Binding = {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly name?: string;
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly queueName?: string;
  readonly connection?: string;
  readonly schedule?: string;
  readonly runOnStartup?: boolean;
};

export type RetryOptions = {
  readonly retryStrategy: 'fixedDelay' | 'exponentialBackoff';
  readonly maxRetryCount: number;
  readonly delayInterval?: Duration;
  readonly minimumInterval?: Duration;
  readonly maximumInterval?: Duration;
};
type Duration = { readonly seconds?: number | string };

export type RegisteredFunction = {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryOptions;
  readonly handler: (...inputs: unknown[]) => unknown;
};

/** A value on its way between host and function. */
export type WireData = {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: WireHttp;
};
export type WireHttp = {
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  params?: Record<string, string>;
  body?: WireData | null;
  statusCode?: string;
  cookies?: readonly Record<string, unknown>[];
};

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

export type CoreContext = {
  invocationId: string;
  request: {
    invocationId: string;
    functionId: string;
    inputData: { name: string; data: WireData }[];
    triggerMetadata: Record<string, WireData>;
    retryContext?: { retryCount: number; maxRetryCount: number };
  };
  metadata: { name: string; bindings: Readonly<Record<string, Binding>> };
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';
  log(level: LogLevel, category: string, message: string): void;
};

export type Response = {
  outputData?: { name: string; data: WireData | null }[];
  returnValue?: WireData | null;
};

/** The library's own conversions between wire data and what handlers see. */
export type ProgrammingModel = {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreContext): {
    getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
    invokeFunction(context: unknown, inputs: unknown[], handler: unknown): Promise<unknown>;
    getResponse(context: unknown, result: unknown): Promise<Response>;
  };
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
};

export type HookName = 'preInvocation' | 'postInvocation' | 'appStart' | 'appTerminate';
type HookCallback = (context: Record<string, unknown>) => unknown;

export const registered: RegisteredFunction[] = [];
export const hooks: Record<HookName, HookCallback[]> = {
  preInvocation: [],
  postInvocation: [],
  appStart: [],
  appTerminate: [],
};
let model: ProgrammingModel | undefined;

export function programmingModel(): ProgrammingModel {
  if (!model)
    throw new Error('Cannot run a function: no programming model is set; the app must use @azure/functions.');
  return model;
}

export const version = '1.0.0';

export function setProgrammingModel(given: ProgrammingModel): void {
  model = given;
}

export function getProgrammingModel(): ProgrammingModel {
  return programmingModel();
}

export function registerFunction(
  metadata: Omit<RegisteredFunction, 'handler'>,
  handler: RegisteredFunction['handler'],
): { dispose(): void } {
  const entry = { ...metadata, handler };
  registered.push(entry);
  return { dispose: () => void registered.splice(registered.indexOf(entry), 1) };
}

export function registerHook(name: HookName, callback: HookCallback): { dispose(): void } {
  hooks[name].push(callback);
  return { dispose: () => void hooks[name].splice(hooks[name].indexOf(callback), 1) };
}

export function log(level: LogLevel, _category: string, message: string): void {
  writeLogLine(level, 'host', message);
}

const levelWords: Record<LogLevel, string> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  information: 'INFO ',
  warning: 'WARN ',
  error: 'ERROR',
  critical: 'FATAL',
  none: '     ',
};

/** One line a message on stdout: time, level, function, text. Levels below information are left out. */
export function writeLogLine(level: LogLevel, functionName: string, text: string): void {
  if (level === 'trace' || level === 'debug') return;
  console.log(
    `${new Date().toISOString()} ${levelWords[level]} ${functionName} ${text.replaceAll('\n', '\n    ')}`,
  );
}
