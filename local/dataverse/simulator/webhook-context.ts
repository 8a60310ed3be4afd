import { randomUUID } from 'node:crypto';
import { contoso, type Organization } from '../organization.ts';
import type { RowValues } from '../store/row-text.ts';
import type { RowOperation } from './webhooks.ts';

/** Beyond it, what can be long is cut. */
const largestBytes = 256 * 1024;
const contracts = 'http://schemas.microsoft.com/xrm/2011/Contracts';

/** The `RemoteExecutionContext` of one operation as a webhook gets it, and the headers that go with it. */
export function contextJson(
  organization: Organization,
  { table, message, id, values, userId }: RowOperation,
): { readonly body: string; readonly headers: Record<string, string> } {
  const correlationId = randomUUID();
  const reference = { __type: `EntityReference:${contracts}`, Id: id, LogicalName: table.name };
  const entity = {
    __type: `Entity:${contracts}`,
    ...{ Attributes: attributesOf(values), EntityState: null, FormattedValues: [], Id: id },
    ...{ KeyAttributes: [], LogicalName: table.name, RelatedEntities: [], RowVersion: null },
  };
  const context = {
    ...{ BusinessUnitId: contoso.businessUnitId, CorrelationId: correlationId, Depth: 1 },
    ...{ InitiatingUserId: userId, IsExecutingOffline: false, IsInTransaction: false, IsolationMode: 1 },
    InputParameters: [{ key: 'Target', value: message === 'Delete' ? reference : entity }],
    ...{ MessageName: message, Mode: 1, OperationCreatedOn: dateOf(Date.now()), OperationId: randomUUID() },
    ...{ OrganizationId: organization.id, OrganizationName: uniqueNameOf(organization) },
    ...{ OutputParameters: [], ParentContext: null, PostEntityImages: [], PreEntityImages: [] },
    ...{ PrimaryEntityId: id, PrimaryEntityName: table.name, RequestId: correlationId },
    ...{ SecondaryEntityName: 'none', SharedVariables: [], Stage: 40, UserId: userId },
  };
  const whole = JSON.stringify(context);
  const isTooLong = Buffer.byteLength(whole) > largestBytes;
  const {
    InputParameters: _,
    ParentContext: __,
    PostEntityImages: ___,
    PreEntityImages: ____,
    ...cut
  } = context;
  const { host } = new URL(organization.url);
  return {
    body: isTooLong ? JSON.stringify(cut) : whole,
    headers: {
      'x-request-id': randomUUID(),
      'x-ms-correlation-request-id': correlationId,
      'x-ms-dynamics-organization': organization.switches.webhookTellsHost
        ? host
        : uniqueNameOf(organization),
      'x-ms-dynamics-entity-name': table.name,
      'x-ms-dynamics-request-name': message,
      ...(isTooLong && { 'x-ms-dynamics-msg-size-exceeded': 'true' }),
    },
  };
}

const uniqueNameOf = ({ id }: Organization) => `org${id.slice(0, 8)}`;
const dateOf = (time: number) => `/Date(${time})/`;

/** Only columns that were written; a date as the older JSON of .NET has it. */
function attributesOf(values: RowValues): object[] {
  return [...values].flatMap(([property, raw]) => {
    if (property.startsWith('#')) return [];
    const value: unknown = JSON.parse(raw);
    const isDate = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
    return [
      { key: property.replace(/^_(.+)_value$/, '$1'), value: isDate ? dateOf(Date.parse(value)) : value },
    ];
  });
}
