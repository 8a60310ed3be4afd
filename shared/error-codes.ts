/**
 * How a failed step is tried again: `timed` by itself after a delay, `manual` after somebody acted (work waits with
 * growing delays and looks again), `never` because the same input fails the same way.
 */
export type RetryPolicyOfCode = 'timed' | 'manual' | 'never';

/** What is known of one error code: how it is retried, the HTTP status the API answers, and what cures it. */
export interface ErrorCodeFacts {
  readonly retry: RetryPolicyOfCode;
  readonly httpStatus: 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 500;
  readonly cure: string;
}

const code = (retry: RetryPolicyOfCode, httpStatus: ErrorCodeFacts['httpStatus'], cure: string) =>
  ({ retry, httpStatus, cure }) as const;

/** Every error this program can report. Closed: a foreign error is mapped to one of these by the adapter that met it. */
export const errorCodes = {
  INTERNAL: code('manual', 500, 'Look the correlation id up in the logs and report the defect.'),
  SETTINGS_INVALID: code('never', 500, 'Correct the named settings of the function app.'),

  REQUEST_INVALID: code('never', 400, 'Correct the named parts of the request.'),
  REQUEST_TOKEN_MISSING: code('never', 401, 'Send a bearer token for the resource named in the challenge.'),
  REQUEST_TOKEN_INVALID: code('never', 401, 'Get a new token of the configured tenant for this application.'),
  REQUEST_NOT_ALLOWED: code(
    'never',
    403,
    'Use a System Administrator of the organization or a permitted app role.',
  ),
  REQUEST_ROUTE_UNKNOWN: code(
    'never',
    404,
    'Use a path and method of the API; /swagger/docs/2016-01-01 and /automation/openapi.json list them.',
  ),
  WEBHOOK_SIGNATURE_INVALID: code(
    'never',
    401,
    'Sign the call as docs/ticketing.md says, with a secret of this system and a clock that is right.',
  ),
  WEBHOOK_BODY_TOO_LARGE: code('never', 413, 'Send no more than the members that docs/ticketing.md names.'),
  WEBHOOK_MEDIA_TYPE: code('never', 415, 'Send JSON, and say so in Content-Type.'),
  WEBHOOK_KEY_INVALID: code(
    'never',
    401,
    'Send a key of those in the secret that DATAVERSE_WEBHOOK_KEYS_URI names; docs/deploy.md says how.',
  ),
  WEBHOOK_SECRET_INVALID: code(
    'manual',
    500,
    'Store random secrets of at least 32 characters without white space in the vault, one a line.',
  ),
  WEBHOOK_DELIVERY_REUSED: code('never', 409, 'Give every delivery an id of its own.'),
  MESSAGE_UNREADABLE: code(
    'never',
    500,
    'Look at the poison queue; the message was not written by this version.',
  ),

  ORGANIZATION_UNKNOWN: code('never', 400, 'Use an organization that this service is configured for.'),
  PROFILE_NOT_FOUND: code('never', 404, 'List the profiles of the organization for their ids.'),
  FAILURE_NOT_FOUND: code('never', 404, 'List the failures of the profile for their ids.'),
  OPERATION_NOT_FOUND: code('never', 404, 'List the operations for their ids.'),
  PROFILE_INVALID: code('never', 400, 'Correct the named members of the profile.'),
  PROFILE_NAME_TAKEN: code('never', 400, 'Choose another name, or delete the other profile first.'),
  PROFILE_CHANGED: code(
    'never',
    412,
    'Get the profile again, apply the change to it, and send it with its Version.',
  ),
  PROFILE_CHANGE_REFUSED: code('never', 400, 'Deactivate the profile first, or create another one.'),
  PRIVACY_TERMS_NOT_ACCEPTED: code(
    'manual',
    400,
    'Have an administrator call POST metadata/acceptprivacyterms with isAuthorized=true, then try again.',
  ),
  PROFILE_NOT_ACTIVE: code('never', 400, 'Activate the profile first.'),
  PROFILE_TEST_UNFINISHED: code(
    'timed',
    400,
    'Try again. If it lasts, see why what the line names answers slowly.',
  ),
  PROFILE_TEST_FAILED: code('manual', 400, 'Cure the findings of the report, then try again.'),
  TABLE_UNKNOWN: code(
    'never',
    400,
    'Use a table from metadata/entities, or an IntersectLogicalName from metadata/relationships.',
  ),
  TABLE_NOT_EXPORTABLE: code(
    'never',
    400,
    'Remove the table from the profile; of activities, export their own tables.',
  ),

  ENTRA_UNREACHABLE: code(
    'timed',
    500,
    'Send the request again. If it lasts, check ENTRA_URL and whether the app reaches it.',
  ),

  DATAVERSE_UNREACHABLE: code(
    'timed',
    500,
    'Nothing: it is tried again. If it lasts, check DATAVERSE_URLS and the network.',
  ),
  DATAVERSE_THROTTLED: code('timed', 500, 'Nothing: it goes on when Dataverse allows it.'),
  DATAVERSE_BUSY: code('timed', 500, 'Nothing: a deadlock or timeout inside Dataverse; it is tried again.'),
  DATAVERSE_ANSWER_UNREADABLE: code(
    'timed',
    500,
    'Nothing: it is tried again. If it lasts, see what stands between.',
  ),
  DATAVERSE_UNAUTHORIZED: code(
    'manual',
    500,
    'Make the managed identity an application user of the organization.',
  ),
  DATAVERSE_PRIVILEGE_MISSING: code(
    'manual',
    500,
    'Give the application user organization-level read on the table.',
  ),
  DATAVERSE_TRACKING_OFF: code(
    'manual',
    400,
    'Turn change tracking on for the table, "Track changes" in its advanced options, and publish it.',
  ),
  DATAVERSE_DELTA_TOKEN_EXPIRED: code('timed', 500, 'Nothing: the table is loaded again in place.'),
  DATAVERSE_TABLE_MISSING: code(
    'manual',
    400,
    'Remove the table from the profile, or create it in Dataverse again.',
  ),
  DATAVERSE_REQUEST_REFUSED: code(
    'manual',
    500,
    'Read the message; Dataverse refused a request it should take.',
  ),

  SECRET_ADDRESS_INVALID: code(
    'never',
    400,
    'Use https://<vault>.vault.azure.net/secrets/<name>[/<version>].',
  ),
  SECRET_NOT_FOUND: code('manual', 400, 'Create the secret, or correct the address (it is case-sensitive).'),
  SECRET_ACCESS_DENIED: code('manual', 400, "Give the app's identity the role Key Vault Secrets User."),
  SECRET_UNREACHABLE: code('timed', 500, 'Check the vault name and that the app can reach it.'),
  SECRET_TAG_MISSING: code('manual', 400, 'Tag the secret: name = organization id, value = tenant id.'),
  SECRET_VALUE_INVALID: code(
    'manual',
    400,
    "Store a connection string in the secret, of the database that the profile's DestinationType names.",
  ),

  DESTINATION_UNREACHABLE: code('timed', 500, 'Start the server, or open its firewall for the app.'),
  DESTINATION_LOGIN_FAILED: code(
    'manual',
    500,
    "Correct the login in the secret; for authentication=entra, let the app's identity into the database.",
  ),
  DESTINATION_DATABASE_MISSING: code(
    'manual',
    500,
    'Create the database, or correct its name in the secret.',
  ),
  DESTINATION_FULL: code('manual', 500, 'Free or add space.'),
  DESTINATION_READ_ONLY: code(
    'timed',
    500,
    'Wait for the failover to end, or point the secret at the primary.',
  ),
  DESTINATION_PERMISSION_MISSING: code(
    'manual',
    500,
    'Grant the named permission to the login of the secret.',
  ),
  DESTINATION_OBJECT_MISSING: code('timed', 500, 'Nothing: the table is created again and reloaded.'),
  DESTINATION_TABLE_CONFLICT: code(
    'manual',
    500,
    'Rename or drop the object that stands in the way, or use a prefix.',
  ),
  DESTINATION_BUSY: code('timed', 500, 'Nothing: a deadlock, lock timeout or overload; it is tried again.'),
  DESTINATION_TURN_LOST: code('timed', 500, 'Nothing: another worker has already done this step.'),
  DESTINATION_FAILED: code(
    'manual',
    500,
    'Read the message; the server answered in a way that is not known.',
  ),

  ROW_TEXT_TOO_LONG: code(
    'timed',
    500,
    'Raise the MaxLength in Dataverse or shorten the text; then it syncs.',
  ),
  ROW_TOO_WIDE: code('timed', 500, 'Shorten the texts of the row, or widen the limits of the database.'),
  ROW_NUMBER_OUT_OF_RANGE: code('timed', 500, 'Correct the number in Dataverse.'),
  ROW_DATE_OUT_OF_RANGE: code('timed', 500, 'Correct the date in Dataverse.'),
  ROW_CONSTRAINT_VIOLATED: code('timed', 500, 'Remove the constraint or trigger from the reporting table.'),
  ROW_VALUE_INVALID: code('timed', 500, 'Correct the value in Dataverse.'),
  ROW_REFUSED: code('timed', 500, 'Read the reason; the database refused this row.'),

  EXPORTER_UNREACHABLE: code('timed', 500, 'Check EXPORTER_URL and that the exporter runs.'),
  EXPORTER_REFUSED: code(
    'manual',
    500,
    "Give the automation's identity the app role Automation.Operate, and Profiles.Manage where it makes and activates profiles.",
  ),
  EXPORTER_REQUEST_REFUSED: code('never', 400, 'Correct what the exporter names.'),
  EXPORTER_ANSWER_UNREADABLE: code(
    'timed',
    500,
    'Check that EXPORTER_URL names a service with the DES REST API.',
  ),

  TICKET_SYSTEM_UNREACHABLE: code(
    'timed',
    500,
    'Check TICKET_SYSTEM_URL and that the system answers the app.',
  ),
  TICKET_SYSTEM_REFUSED: code(
    'manual',
    500,
    'Check the login in TICKET_SYSTEM_LOGIN_URI, its rights, and the place that TICKET_SYSTEM_PLACE names.',
  ),
  TICKET_SYSTEM_ANSWER_UNREADABLE: code(
    'timed',
    500,
    'Check that TICKET_SYSTEM_URL names a system of the kind that TICKET_SYSTEM says.',
  ),
  TICKET_NOT_FOUND: code('never', 500, 'Nothing: the ticket was deleted, or the login does not see it.'),

  STORAGE_UNAVAILABLE: code('timed', 500, 'Check the storage account and the roles of the identity on it.'),
  STORAGE_DOCUMENT_UNREADABLE: code(
    'manual',
    500,
    'Correct or delete the named entity; it was not written by this version.',
  ),
  STORAGE_CONFLICT: code('timed', 500, 'Nothing: two writers met; it is tried again.'),
} as const satisfies Record<string, ErrorCodeFacts>;

/** One of the closed set of codes: `<WHERE>_<WHAT>`. */
export type ErrorCode = keyof typeof errorCodes;

/** Codes that blame one row; all others leave rows alone. */
export function isRowFault(code: ErrorCode): boolean {
  return code.startsWith('ROW_');
}
