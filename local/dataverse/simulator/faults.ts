import { z } from 'zod';
import { wrongBody } from './wrong-body.ts';

const faultShape = z.strictObject({
  route: z.string().min(1),
  kind: z.enum([
    '429-requests',
    '429-time',
    '429-concurrency',
    '502',
    '503',
    '504',
    'html',
    'reset',
    'slow',
    'deadlock',
    'expired-delta',
    'unauthorized',
    'privilege',
  ]),
  count: z.int().min(1).default(1),
  method: z.string().optional(),
  retryAfterSeconds: z.int().min(0).optional(),
  milliseconds: z.int().min(0).optional(),
});

/** `route` is part of the path and query, or a glob with `*`; the next `count` calls that match it fail as `kind` says. */
export type Fault = z.infer<typeof faultShape>;
export type Faults = ReturnType<typeof faults>;

export function faults() {
  let planned: Fault[] = [];
  return {
    /** Adds one fault or a list; throws one message with every problem. */
    add(wanted: unknown): void {
      const parsed = z.union([faultShape.transform((one) => [one]), z.array(faultShape)]).safeParse(wanted);
      if (!parsed.success)
        throw wrongBody(
          'plan a fault',
          (Array.isArray(wanted) ? z.array(faultShape) : faultShape).safeParse(wanted).error ?? parsed.error,
          `allowed kinds: ${faultShape.shape.kind.options.join(', ')}`,
        );
      planned.push(...parsed.data);
    },
    clear: () => {
      planned = [];
    },
    planned: () => planned,
    /** The fault that hits this call, used up by one. */
    take(method: string, address: string): Fault | undefined {
      const fault = planned.find(
        (one) => (one.method === undefined || one.method === method) && isMatch(one.route, address),
      );
      if (!fault) return undefined;
      fault.count--;
      planned = planned.filter((one) => one.count > 0);
      return fault;
    },
  };
}

function isMatch(route: string, address: string): boolean {
  if (!route.includes('*')) return address.includes(route);
  const parts = route.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(address);
}
