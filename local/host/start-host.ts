import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeServer, listenOnLoopback } from '../loopback-server.ts';
import { adminRequest } from './admin-request.ts';
import { programmingModel, type RegisteredFunction, type Response, writeLogLine } from './functions-core.ts';
import { type HostSettings, withSettings } from './host-settings.ts';
import { httpTrigger } from './http-trigger.ts';
import { appHookData, type Invocation, invokeFunction, runHooks } from './invoke-function.ts';
import { describeFunction } from './list-functions.ts';
import { openQueues, type Queues } from './queue-messages.ts';
import { writeQueueOutputs } from './queue-output.ts';
import { type QueueTrigger, startQueueTrigger } from './queue-trigger.ts';
import { compileRoute } from './routes.ts';
import { startTimerTrigger, type TimerTrigger } from './timer-trigger.ts';

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
export async function startHost({
  port,
  functions,
  settings,
  environment,
  queueLeaseSeconds,
}: HostOptions): Promise<Host> {
  const described = functions.map((target) => describeFunction(target, settings, environment));
  const connectionOf = (name = 'AzureWebJobsStorage') =>
    queuesByConnection(name, environment, settings, connections);
  const connections = new Map<string, Queues>();
  const invoke = (target: RegisteredFunction, invocation: Invocation): Promise<Response> =>
    invokeFunction(target, invocation, (response) =>
      writeQueueOutputs(target, response, connectionOf, (name) => withSettings(name, environment)),
    );

  await programmingModel().getCapabilities({});
  await runHooks('appStart', { appHookData });

  const routes = described.flatMap((one) =>
    one.type === 'http' ? [compileRoute(one.route, one.methods, one.target)] : [],
  );
  const timers = new Map<string, TimerTrigger>();
  const queueTriggers: QueueTrigger[] = [];
  const running = new Set<Promise<unknown>>();
  const follow = (run: Promise<unknown>) => {
    running.add(run);
    run.catch(() => {}).finally(() => running.delete(run));
  };
  const answer = httpTrigger(routes, (target, invocation) => {
    const run = invoke(target, invocation);
    follow(run);
    return run;
  });
  const admin = adminRequest(described, {
    fireTimer: (name) => timers.get(name)?.fire(),
    sendMessage: (queue, text) =>
      connectionOf(queue.connection).send(queue.queueName, connectionOf(queue.connection).encode(text)),
  });
  const server: Server = createServer((request, response) =>
    request.url?.startsWith('/admin/') ? admin(request, response) : answer(request, response),
  );
  const url = `http://127.0.0.1:${await listenOnLoopback(server, port)}`;

  for (const one of described) {
    if (one.type === 'timer') {
      const trigger = startTimerTrigger(one.target, one.schedule, one, (invocation) =>
        invoke(one.target, invocation).catch((error: unknown) => {
          writeLogLine('error', one.name, `failed: ${error instanceof Error ? error.stack : String(error)}`);
          throw error;
        }),
      );
      timers.set(one.name, trigger);
    }
    if (one.type === 'queue') {
      const leased = { ...settings.queues, leaseSeconds: queueLeaseSeconds };
      queueTriggers.push(
        startQueueTrigger(one.target, one.queueName, connectionOf(one.connection), leased, (invocation) =>
          invoke(one.target, invocation),
        ),
      );
    }
  }

  return {
    url,
    async close() {
      for (const timer of timers.values()) timer.stop();
      await Promise.all(queueTriggers.map((trigger) => trigger.stopFetching()));
      server.close();
      const work = [
        ...running,
        ...[...timers.values()].flatMap((timer) => timer.running()),
        ...queueTriggers.flatMap((trigger) => trigger.running()),
      ];
      const grace = new AbortController();
      await Promise.race([
        Promise.allSettled(work),
        sleep(graceSeconds * 1000, undefined, { signal: grace.signal }).catch(() => {}),
      ]);
      grace.abort();
      await runHooks('appTerminate', { appHookData });
      await closeServer(server);
    },
  };
}

function queuesByConnection(
  name: string,
  environment: HostOptions['environment'],
  settings: HostSettings,
  connections: Map<string, Queues>,
): Queues {
  const known = connections.get(name);
  if (known) return known;
  const connectionString = environment[name] ?? environment[`AzureWebJobs${name}`];
  if (!connectionString) {
    throw new Error(
      `Cannot open the queues of connection "${name}": the setting is missing; a connection string is expected.`,
    );
  }
  const queues = openQueues(connectionString, settings.queues);
  connections.set(name, queues);
  return queues;
}
