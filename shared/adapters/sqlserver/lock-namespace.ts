import { ServiceError } from '../../errors.ts';
import { type Namespace, shortened } from './identifiers.ts';
import { type Session, sql } from './session.ts';

/** How long others that do the same in the namespace are waited for, in milliseconds. */
const lockMilliseconds = 30_000;

/** Keeps others from doing the same in the namespace until the end of the transaction. `DESTINATION_BUSY` where they go on too long. */
export async function lockNamespace(
  session: Session,
  { schema, prefix }: Namespace,
  what: 'tables' | 'metadata',
  doing: string,
): Promise<void> {
  const { rows } = await session.query<{ result: number }>(
    `DECLARE @result int; EXEC @result = sp_getapplock @Resource = @resource, @LockMode = N'Exclusive',
       @LockOwner = N'Transaction', @LockTimeout = ${lockMilliseconds}; SELECT @result AS [result]`,
    // A resource's name is of 255 characters at most.
    [sql.text('resource', shortened(`dataverse-export ${what} ${schema} ${prefix}`))],
  );
  if ((rows[0]?.result ?? -1) < 0)
    throw new ServiceError(
      'DESTINATION_BUSY',
      `Cannot ${doing}: other ${what} of the same schema are being written.`,
    );
}
