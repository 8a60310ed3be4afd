import { randomUUID } from 'node:crypto';
import {
  type CoreContext,
  type HookName,
  hooks,
  programmingModel,
  type RegisteredFunction,
  type Response,
  type WireData,
  writeLogLine,
} from './functions-core.ts';

export type Invocation = {
  /** Made here when it is not given. */
  readonly invocationId?: string;
  /** Data of the trigger, under whatever name the function gave it. */
  readonly input: WireData;
  readonly triggerMetadata?: Record<string, WireData>;
  readonly retryContext?: { readonly retryCount: number; readonly maxRetryCount: number };
};

/**
 * Runs one invocation as the Functions worker does: the library converts in both directions, hooks run around the
 * handler, and the outputs are written by `writeOutputs` before it resolves. Logs the handler's error and rejects.
 */
export async function invokeFunction(
  target: RegisteredFunction,
  invocation: Invocation,
  writeOutputs: (response: Response) => Promise<void>,
): Promise<Response> {
  try {
    const response = await runInvocation(target, invocation);
    await writeOutputs(response);
    return response;
  } catch (error) {
    writeLogLine('error', target.name, `failed: ${error instanceof Error ? error.stack : String(error)}`);
    throw error;
  }
}

async function runInvocation(
  { name, bindings, handler }: RegisteredFunction,
  { invocationId = randomUUID(), input, triggerMetadata = {}, retryContext }: Invocation,
): Promise<Response> {
  const trigger = Object.entries(bindings).find(([, one]) => /trigger$/i.test(one.type));
  if (!trigger) throw new Error(`Cannot run function "${name}": it has no trigger; one is expected.`);
  const core: CoreContext = {
    invocationId,
    request: {
      invocationId,
      functionId: name,
      inputData: [{ name: trigger[0], data: input }],
      triggerMetadata,
      ...(retryContext ? { retryContext } : {}),
    },
    metadata: { name, bindings },
    log: (level, _category, message) => writeLogLine(level, name, message),
  };
  const model = programmingModel().getInvocationModel(core);
  const { context, inputs } = await model.getArguments();

  const shared = { invocationContext: context, hookData: {}, appHookData };
  const before = { ...shared, inputs, functionCallback: handler, functionHandler: handler };
  core.state = 'preInvocationHooks';
  await runHooks('preInvocation', before);

  const after: Record<string, unknown> = {
    ...shared,
    inputs: before.inputs,
    result: undefined,
    error: undefined,
  };
  core.state = 'invocation';
  try {
    after.result = await model.invokeFunction(context, before.inputs, before.functionHandler);
  } catch (error) {
    after.error = error;
  }
  core.state = 'postInvocationHooks';
  await runHooks('postInvocation', after);
  if (after.error !== undefined && after.error !== null) throw after.error;

  return model.getResponse(context, after.result);
}

/** Shared by all hooks of the app, as the worker does. */
export const appHookData = {};

export async function runHooks(name: HookName, context: Record<string, unknown>): Promise<void> {
  for (const callback of hooks[name]) await callback(context);
}
