import type { z } from 'zod';

/** A member that JSON leaves out where the document has undefined. */
export function orAbsent<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().transform((value): z.output<Schema> | undefined => value);
}
