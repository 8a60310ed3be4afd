import { z } from 'zod';

/** How far a round over all rows of one side is: where it goes on (absent: the round is over), and when it began. */
const roundSchema = z.object({ after: z.string().optional(), begunAt: z.string() });
export type Round = Readonly<z.infer<typeof roundSchema>>;

/**
 * A row that differed at the last comparison, with its version in Dataverse (absent: it is not there). A row that differs in
 * the same way for long enough is drift: `isProven`.
 */
const doubtSchema = z.object({
  id: z.string(),
  version: z.string().optional(),
  isProven: z.boolean().optional(),
});
export type Doubt = Readonly<z.infer<typeof doubtSchema>>;

/** Rows that were found to differ although nothing was on its way, and are not known to be equal again. */
export const driftSchema = z.object({
  since: z.string(),
  /** How many were found since then. */
  rows: z.int(),
  /** The last ten of them at most. */
  ids: z.array(z.string()).readonly(),
  /** Those of them whose version in the destination is greater than in Dataverse, and which are therefore left as they are. */
  newerRows: z.int(),
});
export type Drift = Readonly<z.infer<typeof driftSchema>>;

/** What is known of the comparison of one table's rows with Dataverse. Dates are ISO 8601. */
export const comparisonSchema = z.object({
  /** The next turn of the table is to compare. */
  isDue: z.boolean(),
  comparedAt: z.string().optional(),
  /** Over the rows of Dataverse, by its page links; and over those of the destination, by its ids. */
  source: roundSchema.optional(),
  destination: roundSchema.optional(),
  doubts: z.array(doubtSchema.readonly()).readonly(),
  /** More rows differed than are noted: the same ones are compared again. */
  hasMore: z.boolean(),
  drift: driftSchema.optional(),
});
export type Comparison = Readonly<z.infer<typeof comparisonSchema>>;

export const notCompared: Comparison = { isDue: false, doubts: [], hasMore: false };

const isOlder = (time: string, seconds: number, now: Date) =>
  now.getTime() - Date.parse(time) >= seconds * 1000;

/** Whether rows of this side are to be compared: a round is going on, or the last one began an interval ago. */
export function isRoundDue(round: Round | undefined, intervalSeconds: number, now: Date): boolean {
  return round?.after !== undefined || round === undefined || isOlder(round.begunAt, intervalSeconds, now);
}

/** Whether anything is to be compared. Where there are doubts, only when they are old enough to be judged. */
export function isComparisonDue(
  known: Comparison,
  { intervalSeconds, doubtSeconds }: { readonly intervalSeconds: number; readonly doubtSeconds: number },
  now: Date,
): boolean {
  const { comparedAt, doubts, source, destination } = known;
  if (doubts.length > 0 && comparedAt !== undefined) return isOlder(comparedAt, doubtSeconds, now);
  return [source, destination].some((round) => isRoundDue(round, intervalSeconds, now));
}
