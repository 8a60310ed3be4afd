import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Actor, causes } from '../../../shared/automation/causes.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { canBecome, failureCauses, failureStates } from '../../../shared/model/failure.ts';
import { healthKinds } from '../../../shared/model/health-finding.ts';
import { settingsSchema } from '../../../shared/settings.ts';
import { allowedSteps, drawnSteps } from '../../state-diagram.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/operations.md', root), 'utf8');

const actors: Readonly<Record<Actor, string>> = {
  us: 'we',
  'database-owner': "the database's owner",
  'dataverse-administrator': 'the Dataverse administrator',
};

test('the operations page has what is known of every cause, and of no other', () => {
  const [, section = ''] = page.split('## Causes and cures');
  const rows = section.split('\n## ')[0]?.matchAll(/^\| `([a-z-]+)` \| (.*) \| (.*) \| (.*) \|$/gm) ?? [];
  expect([...rows].map(([, cause, actor, cure, retouch]) => ({ cause, actor, cure, retouch }))).toEqual(
    failureCauses.map((cause) => ({
      cause,
      actor: actors[causes[cause].actor],
      cure: causes[cause].cure,
      retouch: causes[cause].retouch.replaceAll('-', ' '),
    })),
  );
});

test('the operations page has a line for every kind of health finding, and for no other', () => {
  const [, section = ''] = page.split('## profile-unhealthy');
  const rows = section.split('\n## ')[0]?.matchAll(/^\| `([a-z-]+)` \|(?: [^|]+ \|){3}$/gm) ?? [];
  expect([...rows].map(([, kind]) => kind)).toEqual(healthKinds);
});

test('the operations page has one heading an alert', () => {
  const alerts = readdirSync(new URL('infra/queries/', root)).map((file) => file.replace(/\.kql$/, ''));
  const headings = [...page.matchAll(/^## ([a-z]+(-[a-z]+)+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(alerts.sort());
});

test('the operations page draws every step of the life of a failure, and no other', () => {
  const steps = allowedSteps(failureStates, canBecome);
  expect(steps.length).toBeGreaterThan(failureStates.length);
  expect(drawnSteps(page, 'The life of a failure')).toEqual(steps);
});

test('the operations page tells every state of a failure, and only settings and codes that exist', () => {
  for (const state of failureStates) expect(page).toContain(state);
  const names = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(0);
  const known = { ...settingsSchema.shape, ...errorCodes };
  expect(names.filter((name) => !(name && name in known))).toEqual([]);
});
