import { spawnSync } from 'node:child_process';

import { benches } from './benches.ts';

const wanted = process.argv.slice(2);
const names = wanted.includes('all') ? Object.keys(benches) : wanted;
const unknown = names.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `Cannot measure ${unknown.join(', ')}: expected "all" or some of ${Object.keys(benches).join(', ')}.`,
  );
  process.exit(1);
}
if (names.length === 0) {
  console.log('npm run bench -- NAME... (or all), or by themselves:\n');
  for (const [name, { what, runs, minutes }] of Object.entries(benches)) {
    console.log(`  ${what} (${minutes} min)`);
    for (const run of runs) console.log(`    npm run bench:${name} -- ${run}`);
  }
}
for (const name of names)
  for (const run of benches[name]?.runs ?? []) {
    console.log(`\n# npm run bench:${name} -- ${run}`);
    const { status } = spawnSync('npm', ['run', '--silent', `bench:${name}`, '--', ...run.split(' ')], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
