import type { PrimaryNames } from './rows/primary-names.ts';
import type { Schema } from './schema/schema.ts';
import type { Switches } from './simulator/switches.ts';
import type { Webhooks } from './simulator/webhooks.ts';
import type { RowStore } from './store/row-store.ts';

/** The usual organization, with the ids that other parts of the local platform know it by. */
export const contoso = {
  organizationId: '22222222-2222-4222-8222-222222222222',
  friendlyName: 'Contoso',
  version: '9.2.25084.176',
  businessUnitId: 'b0000000-0000-4000-8000-000000000001',
  currencyId: 'c0000000-0000-4000-8000-000000000001',
  administratorRoleId: 'd0000000-0000-4000-8000-000000000001',
  administratorTemplateId: '627090ff-40a3-4053-8790-584edc5be201',
  salespersonRoleId: 'd0000000-0000-4000-8000-000000000002',
  integrationRoleId: 'd0000000-0000-4000-8000-000000000003',
  adminUserId: 'e0000000-0000-4000-8000-000000000001',
  readerUserId: 'e0000000-0000-4000-8000-000000000002',
  identityUserId: 'e0000000-0000-4000-8000-000000000003',
} as const;

/** Everything an answer is made from. `url` is the origin that clients use, without a slash at the end. */
export type Organization = {
  readonly url: string;
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly schema: Schema;
  readonly store: RowStore;
  readonly names: PrimaryNames;
  readonly switches: Switches;
  readonly webhooks: Webhooks;
};
