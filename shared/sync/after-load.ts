import type { CheckpointAdvance } from '../model/checkpoint.ts';
import type { TableRun } from './table-run.ts';

/** Into the delta, with nothing left of the load. */
export const intoDelta = (deltaLink: string | undefined): CheckpointAdvance => ({
  phase: 'delta',
  link: deltaLink,
  ranges: undefined,
  deltaLink: undefined,
  needsSweep: false,
  isResync: false,
  pageInPass: 0,
});

/** What follows when all rows are loaded: a sweep where the table may hold others, else the delta. */
export function afterLoad(run: TableRun, deltaLink: string | undefined): CheckpointAdvance {
  return run.checkpoint.needsSweep
    ? { phase: 'sweep', link: undefined, ranges: undefined, deltaLink }
    : intoDelta(deltaLink);
}
