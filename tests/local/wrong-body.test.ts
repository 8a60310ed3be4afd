import { expect, test } from 'vitest';
import { faults } from '../../local/dataverse/simulator/faults.ts';
import { changeSwitches, defaultSwitches } from '../../local/dataverse/simulator/switches.ts';

const complaint = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test.each<[string, unknown, string]>([
  ['a member of a wrong kind', { gzip: 'yes' }, 'Cannot change switches: "gzip" must be of type boolean'],
  ['a value that is none of those', { deltaTokenTime: 'noon' }, '"deltaTokenTime" must be start or end'],
  ['an unknown member', { nonsense: 1 }, '"nonsense" is unknown'],
  ['too much', { maxPageSize: 5001 }, '"maxPageSize" must be at most 5000'],
  ['no object', 'yes', 'the body must be of type object'],
])('a switch with %s is refused in our words, with the list', (_, body, problem) => {
  const said = complaint(() => changeSwitches(defaultSwitches(), body));
  expect(said).toContain(problem);
  expect(said).toMatch(/; known switches: deltaTokenTime, .*gzip\.$/);
  expect(said).not.toMatch(/Invalid|expected/);
});

test.each<[unknown, string]>([
  [{ kind: 'rain' }, 'Cannot plan a fault: "route" must be of type string; "kind" must be 502 or 503 or'],
  [[{ route: 'accounts', kind: '503', count: 0 }], '"0.count" must be at least 1'],
])('a fault that cannot be planned is refused in our words, with the kinds: %j', (body, problem) => {
  const said = complaint(() => faults().add(body));
  expect(said).toContain(problem);
  expect(said).toContain('allowed kinds: 502, 503, ');
  expect(said).not.toMatch(/Invalid|expected|✖/);
});
