import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { contoso, type Organization } from '../organization.ts';
import { deleteRow, insertRow, updateRow } from '../rows/save-row.ts';
import { contosoOnly } from '../samples/make-rows.ts';
import { pick, type Random, seededRandom } from '../samples/random.ts';
import { rowSample } from '../samples/row-sample.ts';
import { sampleCount, sampleId } from '../samples/sample-ids.ts';
import type { Table } from '../schema/table.ts';
import { guidOf, sortKey } from '../store/guid-order.ts';
import { lookupTableProperty, parseRow, type RowValues } from '../store/row-text.ts';
import { wrongBody } from './wrong-body.ts';

const kinds = ['create', 'update', 'delete', 'recreate'] as const;
type Kind = (typeof kinds)[number];

const shape = z.strictObject({
  changesPerSecond: z.number().min(0).max(5000),
  tables: z
    .array(z.string())
    .min(1)
    .default(['account', 'contact', 'lead', 'opportunity', 'incident', 'task']),
  mix: z
    .strictObject({
      create: z.number().min(0).default(0),
      update: z.number().min(0).default(0),
      delete: z.number().min(0).default(0),
      recreate: z.number().min(0).default(0),
    })
    .default({ create: 3, update: 14, delete: 2, recreate: 1 }),
  seed: z.int().default(1),
});
type Workload = z.infer<typeof shape>;

const tickMilliseconds = 25;
const rememberedDeletes = 1000;

/** Changes rows at a steady pace, through the same writing as the Web API, until told to stop with 0 changes a second. */
export function workload(organization: Organization) {
  const { schema, store } = organization;
  const done: Record<Kind, number> = { create: 0, update: 0, delete: 0, recreate: 0 };
  const deleted: { table: Table; id: string }[] = [];
  const samples = new Map<string, ReturnType<typeof rowSample>>();
  let current: Workload | undefined;
  let timer: NodeJS.Timeout | undefined;

  function start(wanted: unknown): object {
    const parsed = shape.safeParse(wanted);
    if (!parsed.success) throw wrongBody('start the workload', parsed.error);
    const tables = parsed.data.tables.map((name) => {
      const table = schema.tables.get(name);
      if (!table || contosoOnly.includes(name))
        throw new Error(`Cannot start the workload: table "${name}" is unknown or cannot change.`);
      return table;
    });
    stop();
    if (parsed.data.changesPerSecond === 0) return state();
    current = parsed.data;
    const random = seededRandom(parsed.data.seed + store.currentVersion());
    const weighted = kinds.flatMap((kind) => Array<Kind>(Math.round(parsed.data.mix[kind] * 10)).fill(kind));
    if (weighted.length === 0) throw new Error('Cannot start the workload: every share of the mix is 0.');
    let last = performance.now();
    let owed = 0;
    timer = setInterval(() => {
      const now = performance.now();
      // After a pause of the process the missed changes are not made up for all at once.
      owed += (Math.min(now - last, 1000) * parsed.data.changesPerSecond) / 1000;
      last = now;
      if (owed < 1) return;
      store.transaction(() => {
        for (; owed >= 1; owed--) change(pick(random, tables), pick(random, weighted), random);
      });
    }, tickMilliseconds);
    return state();
  }

  function change(table: Table, kind: Kind, random: Random): void {
    const key = kind === 'update' || kind === 'delete' ? anyKey(table, random) : undefined;
    if (kind === 'update' && key !== undefined) {
      const values = someOf(newValues(table, random), random);
      updateRow(organization, table, key, values, contoso.adminUserId);
      done.update++;
    } else if (kind === 'delete' && key !== undefined) {
      deleteRow(organization, table, key, contoso.adminUserId);
      deleted.push({ table, id: guidOf(key) });
      if (deleted.length > rememberedDeletes) deleted.shift();
      done.delete++;
    } else {
      const again = kind === 'recreate' ? deleted.pop() : undefined;
      const target = again?.table ?? table;
      const values = newValues(target, random).set(target.id, `"${again?.id ?? randomUUID()}"`);
      insertRow(organization, target, values, contoso.adminUserId);
      done[again ? 'recreate' : 'create']++;
    }
  }

  function newValues(table: Table, random: Random): RowValues {
    const key = `${table.name} ${schema.revision()}`;
    const sample = samples.get(key) ?? rowSample(organization, table);
    samples.set(key, sample);
    const values = parseRow(sample(Math.floor(random() * 1000), random, Date.now()).join('\n'));
    for (const property of ['createdon', 'modifiedon', '_createdby_value', '_modifiedby_value'])
      values.delete(property);
    return values;
  }

  /** Mostly a sample row, found by its id; counting to a random place in a large table would take too long. */
  function anyKey(table: Table, random: Random): string | undefined {
    const guess = sortKey(sampleId(table, Math.floor(random() * sampleCount(organization, table.name))));
    if (store.get(table.name, guess)) return guess;
    const count = store.count(table.name);
    return count === 0 ? undefined : store.keyAt(table.name, Math.floor(random() * count));
  }

  function stop(): void {
    clearInterval(timer);
    current = undefined;
  }

  function state(): object {
    return { ...(current ?? { changesPerSecond: 0 }), done };
  }

  return { start, stop, state };
}

const neverEmpty = /^(state|status|exchangerate|_own|_transactioncurrencyid)|name$|^subject$|^title$/;

/** What one person changes at a time: a few columns, now and then one that is emptied; state and status only together. */
function someOf(values: RowValues, random: Random): RowValues {
  const hasNewState = random() < 0.1;
  const some: RowValues = new Map();
  for (const [property, raw] of values) {
    const isState = property === 'statecode' || property === 'statuscode';
    if (property.startsWith('#') || (isState ? !hasNewState : random() < 0.7)) continue;
    const table = values.get(lookupTableProperty(property));
    if (table !== undefined) some.set(lookupTableProperty(property), table);
    some.set(property, random() < 0.05 && !neverEmpty.test(property) ? 'null' : raw);
  }
  return some;
}
