/** An answer that the Web API documents as an error: its status, code and message go to the client as they are. */
export class DataverseError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const errorCodes = {
  syntax: '0x80060888',
  notFound: '0x80040217',
  versionMismatch: '0x80060882',
  concurrencyNotEnabled: '0x8006088d',
  duplicateKey: '0x80040237',
  payload: '0x80048d19',
  invalidArgument: '0x80040203',
  unknownAttribute: '0x80041103',
  pagingCookie: '0x8004112a',
  notTracked: '0x80072491',
  intersectNotTracked: '0x80072492',
  expiredToken: '0x80044352',
  privilegeDenied: '0x80040220',
  notMember: '0x80072560',
  userDisabled: '0x80040225',
  sql: '0x80044150',
} as const;

export function badQuery(message: string): DataverseError {
  return new DataverseError(400, errorCodes.syntax, message);
}

export function badPayload(set: string, message: string): DataverseError {
  return new DataverseError(
    400,
    errorCodes.payload,
    `Error identified in Payload provided by the user for Entity :'${set}', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : Microsoft.OData.ODataException: ${message}`,
  );
}

export function unknownProperty(property: string, type: string): DataverseError {
  return badQuery(`Could not find a property named '${property}' on type 'Microsoft.Dynamics.CRM.${type}'.`);
}

export function unknownSegment(segment: string): DataverseError {
  return new DataverseError(404, errorCodes.syntax, `Resource not found for the segment '${segment}'.`);
}

export function rowNotFound(table: string, id: string): DataverseError {
  return new DataverseError(404, errorCodes.notFound, `${table} With Id = ${id} Does Not Exist`);
}
