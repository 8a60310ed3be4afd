import { type ErrorCode, errorCodes } from '../error-codes.ts';
import { asNamed, ServiceError } from '../errors.ts';
import type { Finding } from '../model/finding.ts';

/** Of one severity and code; the rest is counted. */
const linesShown = 20;

function lineOf({ severity, code, message }: Finding): string {
  const sentence = message.endsWith('.') ? message : `${message}.`;
  return `${severity}: ${sentence}${code === undefined ? '' : ` (${code})`}`;
}

/** Findings of one severity and code: a line each, and what cures them. */
function paragraph(findings: readonly Finding[]): string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const more = findings.length - linesShown;
  return [
    ...findings.slice(0, linesShown).map(lineOf),
    ...(more > 0 ? [`${first.severity}: ... and ${more} more like these.`] : []),
    ...(first.code === undefined ? [] : [`  Cure: ${errorCodes[first.code].cure}`]),
  ];
}

/**
 * The findings as lines for people, worst first, the same kinds together, each kind with its cure. DES: clients take any
 * 2xx for a passed test, so a report with an error is thrown (400, with the code given), and the report is the message.
 */
export function profileReport(
  profileName: string,
  findings: readonly Finding[],
  codeOfFailure: (errors: readonly Finding[]) => ErrorCode = () => 'PROFILE_TEST_FAILED',
): string {
  const severities = ['error', 'warning', 'ok'] as const;
  const bySeverity = severities.map((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
  const lines = bySeverity
    .flatMap((some) => [...Map.groupBy(some, ({ code }) => code).values()])
    .flatMap(paragraph)
    .join('\n');
  const [errors = [], warnings = []] = bySeverity;
  const shown = profileName === '' ? 'without a name' : JSON.stringify(asNamed(profileName));
  if (errors.length > 0)
    throw new ServiceError(
      codeOfFailure(errors),
      `Cannot use profile ${shown}: ${errors.length} of ${findings.length} checks failed.\n${lines}`,
      { parameters: errors.slice(0, linesShown).map(lineOf) },
    );
  const count = warnings.length;
  const warned = count === 0 ? '' : `, with ${count} ${count === 1 ? 'warning' : 'warnings'}`;
  return `Profile ${shown} passed${warned}.\n${lines}`;
}
