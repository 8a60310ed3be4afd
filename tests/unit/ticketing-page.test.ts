import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ticketCanBecome, ticketStates } from '../../shared/model/ticket.ts';
import { allowedSteps, drawnSteps } from '../state-diagram.ts';

test('docs/ticketing.md draws every step of the life of a ticket, and no other', () => {
  const page = readFileSync('docs/ticketing.md', 'utf8');
  const steps = allowedSteps(ticketStates, ticketCanBecome);
  expect(steps.length).toBeGreaterThan(3);
  expect(drawnSteps(page, 'The life of a ticket')).toEqual(steps);
});
