/** What SQL Server answered. Its `message` may hold values of rows: never shown. */
export class SqlServerError extends Error {
  readonly number: number;
  readonly state: number;
  /** From 20 on the server ends the connection. */
  readonly severity: number;

  constructor(
    message: string,
    facts: Pick<SqlServerError, 'number' | 'state' | 'severity'>,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SqlServerError';
    this.number = facts.number;
    this.state = facts.state;
    this.severity = facts.severity;
  }
}

/**
 * The driver's error as one of the server where it is one. Of several the first, which is the cause of the others (1750
 * "See previous errors", 3621 "The statement has been terminated").
 */
export function foreignError(error: Error): Error {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return error;
  const { number, state = 0, class: severity = 0 } = first as Error & Record<string, number | undefined>;
  if (typeof number !== 'number') return first;
  return new SqlServerError(first.message, { number, state, severity }, { cause: error });
}
