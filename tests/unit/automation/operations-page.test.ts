import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isHealedByRetouch } from '../../../shared/automation/classify.ts';
import { cures } from '../../../shared/automation/cures.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { failureCauses, failureStates } from '../../../shared/model/failure.ts';
import { settingsSchema } from '../../../shared/settings.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/operations.md', root), 'utf8');

test('the operations page has the cure of every cause, and of no other', () => {
  const rows = page.matchAll(/^\| `([a-z-]+)` \| (.*) \| (yes|no) \|$/gm);
  expect([...rows].map(([, cause, cure, isRetouched]) => ({ cause, cure, isRetouched }))).toEqual(
    failureCauses.map((cause) => ({
      cause,
      cure: cures[cause],
      isRetouched: isHealedByRetouch(cause) ? 'yes' : 'no',
    })),
  );
});

test('the operations page has one heading an alert', () => {
  const alerts = readdirSync(new URL('infra/queries/', root)).map((file) => file.replace(/\.kql$/, ''));
  const headings = [...page.matchAll(/^## ([a-z]+(-[a-z]+)+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(alerts.sort());
});

test('the operations page tells every state of a failure, and only settings and codes that exist', () => {
  for (const state of failureStates) expect(page).toContain(state);
  const names = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(0);
  const known = { ...settingsSchema.shape, ...errorCodes };
  expect(names.filter((name) => !(name && name in known))).toEqual([]);
});
