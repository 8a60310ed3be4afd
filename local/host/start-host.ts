import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeServer, listenOnLoopback } from '../loopback-server.ts';
import { adminRequest } from './admin-request.ts';
import { bufferedHttp } from './buffered-http.ts';
import type { RegisteredFunction } from './functions-core.ts';
import { type HostSettings, withSettings } from './host-settings.ts';
import { httpTrigger } from './http-trigger.ts';
import { appHookData, type Invocation, invokeFunction, runHooks } from './invoke-function.ts';
import { describeFunction, isDisabled } from './list-functions.ts';
import { queuesByConnection } from './queue-messages.ts';
import { writeQueueOutputs } from './queue-output.ts';
import { startQueueTrigger } from './queue-trigger.ts';
import { compileRoute } from './routes.ts';
import { streamedHttp } from './streamed-http.ts';
import { startTimerTrigger } from './timer-trigger.ts';
import { startWorkerHttp } from './worker-http.ts';

export type Host = { readonly url: string; close(): Promise<void> };

export type HostOptions = {
  readonly port: number;
  readonly functions: readonly RegisteredFunction[];
  readonly settings: HostSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long a message stays hidden when its process dies. The real host takes 600. */
  readonly queueLeaseSeconds: number;
};

const graceSeconds = 5;

/**
 * Runs the app's functions behind one port of loopback, polls its queues and fires its timers.
 * `close` stops taking work and gives what is running 5 seconds.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { port, settings, environment } = options;
  const functions = options.functions
    .filter((target) => !isDisabled(target, environment))
    .map((target) => describeFunction(target, settings, environment));
  const queuesOf = queuesByConnection(environment, settings.queues);
  const invoke = (target: RegisteredFunction, invocation: Invocation) =>
    invokeFunction(target, invocation, (response) =>
      writeQueueOutputs(target, response, queuesOf, (name) => withSettings(name, environment)),
    );

  const workerPort = await startWorkerHttp();
  await runHooks('appStart', { appHookData });

  const routes = functions.flatMap((one) =>
    one.type === 'http' ? [compileRoute(one.route, one.methods, one.target)] : [],
  );
  const largestBodyBytes = Number(environment.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT ?? 100 * 1024 * 1024);
  const runHttp =
    workerPort === undefined
      ? bufferedHttp(invoke, largestBodyBytes)
      : streamedHttp(invoke, workerPort, largestBodyBytes);
  const answer = httpTrigger(routes, runHttp);
  const admin = adminRequest(functions, {
    fireTimer: (name) => timers.get(name)?.fire(),
    sendMessage: ({ connection, queueName }, text) =>
      queuesOf(connection).send(queueName, queuesOf(connection).encode(text)),
  });
  const server = createServer((request, response) =>
    request.url?.startsWith('/admin/') ? admin(request, response) : answer(request, response),
  );
  const url = `http://127.0.0.1:${await listenOnLoopback(server, port)}`;

  const timers = new Map(
    functions
      .filter((one) => one.type === 'timer')
      .map((one) => [
        one.name,
        startTimerTrigger(one.target, one.schedule, one, (invocation) => invoke(one.target, invocation)),
      ]),
  );
  const leased = { ...settings.queues, leaseSeconds: options.queueLeaseSeconds };
  const queueTriggers = functions
    .filter((one) => one.type === 'queue')
    .map((one) =>
      startQueueTrigger(one.target, one.queueName, queuesOf(one.connection), leased, (invocation) =>
        invoke(one.target, invocation),
      ),
    );

  async function finishWork(): Promise<void> {
    const answered = new Promise((resolve) => server.close(resolve));
    // A connection that has just had its last answer is idle, and would keep the server open.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    for (const timer of timers.values()) timer.stop();
    await Promise.all(queueTriggers.map((trigger) => trigger.stopFetching()));
    const runs = [...timers.values(), ...queueTriggers].flatMap((trigger) => trigger.running());
    await Promise.allSettled([answered, ...runs]);
    clearInterval(sweep);
  }

  return {
    url,
    async close() {
      await Promise.race([finishWork(), sleep(graceSeconds * 1000, undefined, { ref: false })]);
      await runHooks('appTerminate', { appHookData });
      await closeServer(server);
    },
  };
}
