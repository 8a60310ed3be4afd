import type { Binding, RegisteredFunction } from './functions-core.ts';
import { type HostSettings, withSettings } from './host-settings.ts';

export type DescribedFunction = { readonly name: string; readonly target: RegisteredFunction } & (
  | { readonly type: 'http'; readonly route: string; readonly methods: readonly string[] }
  | { readonly type: 'queue'; readonly queueName: string; readonly connection?: string }
  | { readonly type: 'timer'; readonly schedule: string; readonly runOnStartup: boolean }
);

/** What starts a function, with prefix and settings filled in. Other triggers than http, queue and timer are refused. */
export function describeFunction(
  target: RegisteredFunction,
  settings: HostSettings,
  environment: Readonly<Record<string, string | undefined>>,
): DescribedFunction {
  const trigger = Object.values(target.bindings).find((one) => /trigger$/i.test(one.type)) as Binding;
  const { name } = target;
  if (trigger.type === 'httpTrigger') {
    const route = [settings.routePrefix, trigger.route ?? name].filter((part) => part !== '').join('/');
    return { name, target, type: 'http', route, methods: trigger.methods ?? [] };
  }
  if (trigger.type === 'queueTrigger') {
    const queueName = withSettings(trigger.queueName ?? '', environment);
    return {
      name,
      target,
      type: 'queue',
      queueName,
      ...(trigger.connection ? { connection: trigger.connection } : {}),
    };
  }
  if (trigger.type === 'timerTrigger') {
    const schedule = withSettings(trigger.schedule ?? '', environment);
    return { name, target, type: 'timer', schedule, runOnStartup: trigger.runOnStartup ?? false };
  }
  throw new Error(
    `Cannot start function "${name}": the local host knows no ${trigger.type}; http, queue and timer are allowed.`,
  );
}

/** Whether the setting `AzureWebJobs.<name>.Disabled` says that a function is not to run, as in Azure. */
export function isDisabled(
  { name }: RegisteredFunction,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return /^(true|1)$/i.test(environment[`AzureWebJobs.${name}.Disabled`] ?? '');
}

/** The registered functions as data, sorted by name; settings stay unresolved, so that nothing needs to be set. */
export function listFunctions(functions: readonly RegisteredFunction[]): Record<string, unknown>[] {
  return functions
    .map(({ name, bindings }) => ({
      name,
      bindings: Object.entries(bindings)
        .map(([binding, { type, direction, route, methods, queueName, connection, schedule }]) => ({
          binding,
          ...{ type, direction, route, methods, queueName, connection, schedule },
        }))
        .sort((a, b) => (a.binding < b.binding ? -1 : 1)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
