import { describeDestination } from '../contracts/destination.ts';
import { fakeDestination } from '../fakes/fake-destination.ts';

describeDestination('a destination in memory', async () => {
  const destination = fakeDestination();
  return {
    destination,
    otherWorker: destination,
    rows: async (table) =>
      (destination.metadataRows(table) ?? [...destination.rows(table).values()]).map(withShortTimes),
    deleteLog: async () => destination.deleteLog,
    refuseName: async (_table, name) =>
      destination.refuseRows((_, row) =>
        name !== undefined && row.name === name
          ? { code: 'ROW_CONSTRAINT_VIOLATED', wrong: 'constraint "refused" refused it' }
          : undefined,
      ),
    refuseDelete: async (_table, id) =>
      destination.refuseDeletes((_, each) =>
        each === id
          ? { code: 'ROW_CONSTRAINT_VIOLATED', wrong: 'constraint "referring" refused it' }
          : undefined,
      ),
    dropTable: async (table) => destination.dropTable(table),
  };
});

function withShortTimes(row: Readonly<Record<string, string | null>>) {
  const short = (time: string | null | undefined) => time?.replace('.000Z', 'Z') ?? null;
  return { ...row, SinkCreatedOn: short(row.SinkCreatedOn), SinkModifiedOn: short(row.SinkModifiedOn) };
}
