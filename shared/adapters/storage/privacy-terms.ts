import { randomUUID } from 'node:crypto';
import { odata } from '@azure/data-tables';
import { newestFirstKey } from '../../model/newest-first-key.ts';
import { privacyTermsAnswerSchema } from '../../model/privacy-terms-answer.ts';
import type { PrivacyTerms } from '../../ports/privacy-terms.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of answers: a partition an organization, the newest row first. */
const privacyTermsTable = 'PrivacyTerms';

export function privacyTerms(account: StorageAccount): PrivacyTerms {
  const answers = documentTable(account, {
    table: privacyTermsTable,
    schema: privacyTermsAnswerSchema,
    columns: ({ isAccepted, answeredBy, answeredAt }) => ({
      isAccepted: String(isAccepted),
      answeredBy,
      answeredAt,
    }),
  });
  return {
    record(answer) {
      // Two answers of one millisecond are both kept.
      const rowKey = `${newestFirstKey(answer.answeredAt)}|${randomUUID()}`;
      return answers.put({ partitionKey: keyOf(answer.organizationId), rowKey }, answer);
    },
    async latest(organizationId) {
      const filter = odata`PartitionKey eq ${keyOf(organizationId)}`;
      // One that cannot be read counts as none: an older acceptance may have been taken back by it.
      for await (const { document } of answers.listWithVersions(filter, 1)) return document;
      return undefined;
    },
  };
}
