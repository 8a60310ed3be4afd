import { z } from 'zod';
import { type Answer, jsonAnswer } from '../api-request.ts';
import type { Organization } from '../organization.ts';
import { changeReadDepth, depths } from '../privileges.ts';
import { makeRows } from '../samples/make-rows.ts';
import { type Member, putMember } from '../samples/members.ts';
import type { SchemaChange } from '../schema/schema.ts';
import { faults } from './faults.ts';
import { longTransactions } from './long-transaction.ts';
import { requestCounts } from './request-counts.ts';
import { changeSwitches } from './switches.ts';
import { throttle } from './throttle.ts';
import { workload } from './workload.ts';
import { wrongBody } from './wrong-body.ts';

const rowsShape = z.strictObject({
  table: z.string(),
  count: z.int().min(1).max(5_000_000),
  seed: z.int().default(1),
});
const memberShape = z.strictObject({
  objectId: z.guid().toLowerCase(),
  name: z.string().min(1).default('Some Member'),
  role: z.enum(['administrator', 'salesperson', 'integration']),
  from: z.enum(['own', 'team']).default('own'),
  isDisabled: z.boolean().default(false),
  applicationId: z.guid().toLowerCase().optional(),
});
const privilegeShape = z.strictObject({
  role: z.string(),
  table: z.string(),
  read: z.enum(['None', ...depths]),
});
const ofColumn = { table: z.string(), column: z.string() };
const language = z.int().min(1025).max(20_490);
const schemaShape = z.union([
  z.strictObject({ addLanguage: language }),
  z.strictObject({ ...ofColumn, dropOption: z.int() }),
  z.strictObject({ ...ofColumn, addTarget: z.string() }),
  z.strictObject({
    ...ofColumn,
    changeLabel: z.strictObject({
      value: z.int(),
      label: z.string().min(1),
      language: language.default(1033),
    }),
  }),
  z.strictObject({ table: z.string(), addColumn: z.string().min(3) }),
  z.strictObject({ table: z.string(), dropColumn: z.string() }),
  z.strictObject({ ...ofColumn, maxLength: z.int().positive() }),
  z.strictObject({
    ...ofColumn,
    addOption: z.strictObject({ value: z.int(), label: z.string().min(1) }),
  }),
  z.strictObject({ table: z.string(), changeTracking: z.boolean() }),
  z.strictObject({ table: z.string(), renameSet: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/) }),
  z.strictObject({ table: z.string(), removeTable: z.literal(true) }),
  z.strictObject({ ...ofColumn, makeReadable: z.boolean() }),
  z.strictObject({ table: z.string(), copyAs: z.string().regex(/^[a-z][a-z0-9_]{0,49}$/) }),
]);

/** The `/simulator` calls: what no real organization has, for tests and demonstrations. No token, loopback only. */
export function control(organization: Organization) {
  const { store, schema, switches } = organization;
  const planned = faults();
  const limits = throttle(switches);
  const counts = requestCounts();
  const changes = workload(organization);
  const transactions = longTransactions(organization);

  function state(): object {
    const tables = [...schema.tables.values()].map((table) => [
      table.name,
      { rows: store.count(table.name), isChangeTracked: table.isChangeTracked },
    ]);
    return {
      url: organization.url,
      version: store.currentVersion(),
      metadataVersion: schema.revision(),
      languages: schema.languages,
      tables: Object.fromEntries(tables),
      switches,
      faults: planned.planned(),
      throttle: limits.state(),
      workload: changes.state(),
      webhooks: organization.webhooks.state(),
      requests: counts.all(),
    };
  }

  function changeSchema(wanted: unknown): object {
    const change = parse(schemaShape, wanted, 'change the schema') as SchemaChange;
    store.transaction(() => {
      schema.change(change, store.nextVersion());
      if ('removeTable' in change) store.drop(change.table);
      const earlier = JSON.parse(store.state('schema-changes') ?? '[]') as object[];
      store.setState(
        'schema-changes',
        JSON.stringify([...earlier, { ...change, at: store.currentVersion() }]),
      );
    });
    return { metadataVersion: schema.revision() };
  }

  const calls: Record<string, (body: unknown) => object> = {
    'GET /simulator': state,
    'POST /simulator/rows': (body) => makeRows(organization, parse(rowsShape, body, 'make rows')),
    'POST /simulator/members': (body) => {
      const member = parse(memberShape, body, 'change a member');
      store.transaction(() => putMember(organization, member as Member));
      return member;
    },
    'POST /simulator/privileges': (body) =>
      store.transaction(() =>
        changeReadDepth(organization, parse(privilegeShape, body, 'change a privilege')),
      ),
    'POST /simulator/workload': (body) => changes.start(body),
    'POST /simulator/transaction': (body) => transactions.answer(body),
    'PATCH /simulator/switches': (body) => {
      changeSwitches(switches, body);
      limits.unblock();
      store.setState('switches', JSON.stringify(switches));
      return switches;
    },
    'POST /simulator/faults': (body) => {
      planned.add(body);
      return { faults: planned.planned() };
    },
    'DELETE /simulator/faults': () => {
      planned.clear();
      return { faults: [] };
    },
    'POST /simulator/webhooks': (body) => organization.webhooks.register(body),
    'DELETE /simulator/webhooks': () => organization.webhooks.register([]),
    'POST /simulator/schema': changeSchema,
  };

  return {
    planned,
    limits,
    counts,
    stop(): void {
      changes.stop();
      organization.webhooks.stop();
    },
    /** Brings back the switches and schema changes of earlier runs; call once before the first request. */
    restore(): void {
      changeSwitches(switches, JSON.parse(store.state('switches') ?? '{}'));
      const earlier = JSON.parse(store.state('schema-changes') ?? '[]') as (SchemaChange & { at: number })[];
      for (const { at, ...change } of earlier) schema.change(change as SchemaChange, at);
    },
    answer(method: string, path: string, body: string): Answer {
      const call = calls[`${method} ${path.replace(/\/$/, '')}`];
      try {
        if (!call)
          throw new Error(
            `Cannot ${method} ${path}: there is no such call; known: ${Object.keys(calls).join(', ')}.`,
          );
        return jsonAnswer(call(body === '' ? undefined : JSON.parse(body)));
      } catch (error) {
        return { status: call ? 400 : 404, body: JSON.stringify({ error: (error as Error).message }) };
      }
    },
  };
}

function parse<Shape extends z.ZodType>(shape: Shape, value: unknown, what: string): z.infer<Shape> {
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw wrongBody(what, parsed.error);
  return parsed.data;
}
