import { odata } from '@azure/data-tables';
import { healthFindingSchema } from '../../model/health-finding.ts';
import { pageOfFindings } from '../../model/health-finding-page.ts';
import { healthNotesSchema } from '../../model/health-notes.ts';
import type { HealthFindings } from '../../ports/health-findings.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/**
 * Name of the table of findings: one partition, the row key is the id. There is at most one of each kind, profile and
 * table, however often it came, so that all of them are few. What is asked, and what it costs:
 * - `open`, and each page of `list`: one request for every 1,000 findings of the table; the filter is the server's, the order
 *   is made here;
 * - `get`: one entity; `update`: a read and a write;
 * - `notes` and `setNotes`: one entity of a table of their own, a profile each.
 */
export const findingsTable = 'HealthFindings';
const notesTable = 'HealthNotes';

const partitionKey = 'finding';
const notesPartition = 'notes';

export function healthFindings(account: StorageAccount): HealthFindings {
  const findings = documentTable(account, {
    table: findingsTable,
    schema: healthFindingSchema,
    columns: ({ kind, profileId, organizationId, state, openedAt, closedAt = '', message }) => ({
      ...{ kind, profileId, organizationId, state, openedAt, closedAt },
      message: message.slice(0, 1000),
    }),
  });
  const notes = documentTable(account, {
    table: notesTable,
    schema: healthNotesSchema,
    columns: ({ seenAt }) => ({ seenAt }),
  });
  const keyOfFinding = (id: string) => ({ partitionKey, rowKey: keyOf(id) });
  const keyOfNotes = (profileId: string) => ({ partitionKey: notesPartition, rowKey: keyOf(profileId) });
  const inPartition = odata`PartitionKey eq ${partitionKey}`;
  return {
    open: () => findings.all(`${inPartition} and state eq 'open'`),
    async list(filter, place) {
      // The tag puts quotes around a value only behind other text.
      const conditions = Object.entries(filter).flatMap(([column, value]) =>
        value === undefined ? [] : [`${column} eq${odata` ${value}`}`],
      );
      return pageOfFindings(await findings.all([inPartition, ...conditions].join(' and ')), place);
    },
    get: async (findingId) => (await findings.read(keyOfFinding(findingId)))?.document,
    update: (findingId, change) => findings.update(keyOfFinding(findingId), change),
    async purge(before, isOver) {
      const end = before.toISOString();
      // One that opens again at this very moment may be lost; the next look opens it anew.
      const closed = await findings.removeAll(
        `${inPartition} and ${odata`state eq 'closed' and closedAt lt ${end}`}`,
        isOver,
      );
      if (isOver()) return closed;
      const ofNotes = odata`PartitionKey eq ${notesPartition} and seenAt lt ${end}`;
      return closed + (await notes.removeAll(ofNotes, isOver));
    },
    notes: async (profileId) => (await notes.read(keyOfNotes(profileId)))?.document,
    setNotes: (each) => notes.put(keyOfNotes(each.profileId), each),
  };
}
