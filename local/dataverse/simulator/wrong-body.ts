import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

function problemOf(issue: Issue): string {
  const name = issue.path.length === 0 ? 'the body' : `"${issue.path.join('.')}"`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${issue.keys.map((key) => `"${key}"`).join(', ')} is unknown`;
    case 'invalid_type':
      return `${name} must be of type ${issue.expected}`;
    case 'invalid_value':
      return `${name} must be ${issue.values.join(' or ')}`;
    case 'too_small':
      return `${name} must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'too_big':
      return `${name} must be at most ${issue.maximum}`;
    case 'invalid_union':
      return `${name} has none of the allowed forms (${issue.errors.map(allOf).join(', or ')})`;
    default:
      return `${name} is not as expected`;
  }
}

const allOf = (issues: readonly Issue[]) => issues.map(problemOf).join('; ');

/** What is wrong with the body of a call, in one sentence that names every member; the library's own words are not used. */
export function wrongBody(what: string, error: z.ZodError, allowed?: string): Error {
  return new Error(`Cannot ${what}: ${allOf(error.issues)}${allowed ? `; ${allowed}` : ''}.`);
}
