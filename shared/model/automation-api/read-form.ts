import type { z } from 'zod';
import { ServiceError } from '../../errors.ts';

type Issue = z.core.$ZodRawIssue;

/** What is wrong with one member, to come after its name. */
function problem(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'is missing' : `must be of type ${issue.expected}`;
  if (issue.code === 'unrecognized_keys')
    return `has unknown members: ${issue.keys
      .slice(0, 20)
      .map((key) => JSON.stringify(key.slice(0, 60)))
      .join(', ')}`;
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'too_small' && issue.origin === 'string') return 'must not be empty';
  if (issue.code === 'too_small') return `must have at least ${issue.minimum}`;
  if (issue.code === 'too_big')
    return `must have at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
  if (issue.code === 'invalid_format') return issue.format === 'guid' ? 'must be a guid' : 'has another form';
  return undefined;
}

/** The form that a value has, or everything that is wrong with it, in sentences without a full stop. */
export function readForm<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly form: T } | { readonly problems: readonly string[] } {
  const parsed = schema.safeParse(value, { error: problem });
  if (parsed.success) return { form: parsed.data };
  const sentences = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'The whole'} ${message}`,
  );
  return { problems: [...new Set(sentences)] };
}

/** `REQUEST_INVALID` that tells all problems of the body or the query. */
export function invalidForm(place: 'body' | 'query', problems: readonly string[]): ServiceError {
  return new ServiceError(
    'REQUEST_INVALID',
    `Cannot take the request: ${problems.map((sentence) => sentence.replace(/^The whole /, `the ${place} `)).join('; ')}.`,
    { parameters: problems.flatMap((sentence) => /^(?!The whole )\S+/.exec(sentence)?.[0] ?? []) },
  );
}

/**
 * The query as a schema has it, whose names count without case. Texts that are whole numbers are read as such where the schema
 * says so. `REQUEST_INVALID` with all problems, unknown names included: a filter that is misspelt would let all pass.
 */
export function readQuery<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  query: Readonly<Record<string, string>>,
): z.output<z.ZodObject<Shape>> {
  const names = new Map(Object.keys(schema.shape).map((name) => [name.toLowerCase(), name]));
  const given = Object.entries(query).filter(([, value]) => value.trim() !== '');
  const read = readForm(
    schema,
    Object.fromEntries(given.map(([name, value]) => [names.get(name) ?? name, value.trim()])),
  );
  if ('problems' in read) throw invalidForm('query', read.problems);
  return read.form as z.output<z.ZodObject<Shape>>;
}
