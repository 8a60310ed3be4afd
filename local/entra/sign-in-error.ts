/** A refusal in Entra's form. `code` is the AADSTS number that clients and people look for. */
export class SignInError extends Error {
  readonly status: 400 | 401;
  readonly error: string;
  readonly code: number;

  constructor(status: 400 | 401, error: string, code: number, message: string) {
    super(message);
    this.status = status;
    this.error = error;
    this.code = code;
  }

  toBody() {
    const traceId = crypto.randomUUID();
    const correlationId = crypto.randomUUID();
    const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
    return {
      error: this.error,
      error_description: `AADSTS${this.code}: ${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [this.code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${this.code}`,
    };
  }
}
