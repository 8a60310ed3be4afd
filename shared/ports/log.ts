/**
 * Lines for people. `error`: somebody must act (a healthy day has none); `warn`: healed by itself; `info`: one line per
 * work item. Never a token, connection string, request body or row value.
 */
export interface Log {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
