import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { TicketDelivery, TicketRecord } from '../../shared/model/ticket.ts';
import { selectionOf } from '../../shared/model/ticket-subject.ts';
import type { TicketDeliveries } from '../../shared/ports/ticket-deliveries.ts';
import type { TicketRecords } from '../../shared/ports/ticket-records.ts';

const aDelivery = (change: Partial<TicketDelivery> = {}): TicketDelivery => ({
  ...{ system: 'json', deliveryId: `d/${randomUUID()}`, bodyDigest: 'a', operationId: randomUUID() },
  receivedAt: '2026-11-20T10:00:00.000Z',
  ...change,
});
const aRecord = (change: Partial<TicketRecord> = {}): TicketRecord => ({
  ...{
    correlationId: `finding:${randomUUID()}`,
    system: 'json',
    state: 'opening',
    changedAt: '2026-11-20T10:00:00.000Z',
  },
  selection: selectionOf(randomUUID(), { table: 'account' }),
  ...{ findingId: `failures-growing.${randomUUID()}`, ticketId: undefined, told: undefined },
  ...change,
});

/** What every store of deliveries and of tickets promises. Purges what others have written, too: for a storage of its own. */
export function ticketStoresContract(
  open: () => { readonly deliveries: TicketDeliveries; readonly records: TicketRecords },
): void {
  it('of deliveries with one id the first is kept, also of many at once, and each system has its own', async () => {
    const { deliveries } = open();
    const first = aDelivery();
    const others = Array.from({ length: 5 }, () => ({ ...first, operationId: randomUUID() }));
    const kept = await Promise.all([first, ...others].map((one) => deliveries.take(one)));
    expect(new Set(kept.map(({ operationId }) => operationId)).size).toBe(1);
    expect(await deliveries.take(first)).toEqual(kept[0]);
    const other = aDelivery({ ...first, system: 'jira' });
    expect(await deliveries.take(other)).toEqual(other);
  });

  it('old deliveries are forgotten', async () => {
    const { deliveries } = open();
    const [old, young] = [aDelivery(), aDelivery({ receivedAt: '2026-11-21T10:00:00.000Z' })];
    for (const one of [old, young]) await deliveries.take(one);
    expect(await deliveries.purge(new Date('2026-11-20T10:00:01Z'), () => false)).toBeGreaterThan(0);
    for (const one of [old, young]) {
      const again = { ...one, operationId: randomUUID() };
      expect(await deliveries.take(again)).toEqual(one === old ? again : young);
    }
  });

  it('a record comes back as it was, and changes under several writers', async () => {
    const { records } = open();
    const record = aRecord();
    const { correlationId } = record;
    expect(await records.get(correlationId)).toBeUndefined();
    expect(await records.update(correlationId, () => undefined)).toBeUndefined();
    await records.update(correlationId, () => record);
    expect(await records.get(correlationId)).toEqual(record);
    const more = (one: TicketRecord | undefined) => one && { ...one, told: `${one.told ?? ''}x` };
    await Promise.all(Array.from({ length: 4 }, () => records.update(correlationId, more)));
    expect(await records.get(correlationId)).toEqual({ ...record, told: 'xxxx' });
  });

  it('a purge takes records of closed tickets that changed before', async () => {
    const { records } = open();
    const made = (['opening', 'open', 'closing', 'closed'] as const).map((state) => aRecord({ state }));
    for (const record of made) await records.update(record.correlationId, () => record);
    expect(await records.purge(new Date('2026-11-20T10:00:00Z'), () => false)).toBe(0);
    expect(await records.purge(new Date('2026-11-20T10:00:01Z'), () => false)).toBe(1);
    const left = await Promise.all(made.map(({ correlationId }) => records.get(correlationId)));
    expect(left.map((one) => one?.state)).toEqual(['opening', 'open', 'closing', undefined]);
  });
}
