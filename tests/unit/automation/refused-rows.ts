import { rowId, type smallWorld } from './small-world.ts';

export type World = ReturnType<typeof smallWorld>;

/** Rows that exist in Dataverse and are refused by the destination. */
export function refusedRows(world: World, count: number, reason = 'constraint "positive" refused it'): void {
  for (let row = 1; row <= count; row++) {
    world.source.put('account', rowId(row), { name: `row ${row}`, importsequencenumber: null });
    world.refused.set(rowId(row), reason);
  }
}

/** Refused rows whose cause is gone, and whose probe is on its way. */
export async function planProbe(world: World, count: number): Promise<void> {
  refusedRows(world, count);
  world.exportChanges();
  await world.runTimer();
  world.refused.clear();
  world.pass(61);
  await world.runTimer();
}

/** How many failures are in each state. */
export const statesOf = (world: World) =>
  Object.fromEntries(
    [...Map.groupBy(world.failures(), ({ state }) => state)].map(([state, { length }]) => [state, length]),
  );

export const eventsOf = (world: World, name: string) =>
  world.events.filter((event) => event.name === name).map(({ data }) => data);
