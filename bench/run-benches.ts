import { spawnSync } from 'node:child_process';

/** What each program measures, with what it is given when it runs with all, and about how long that takes. */
const benches: Readonly<Record<string, { what: string; runs: readonly string[]; minutes: number }>> = {
  load: {
    what: 'initial load: rows/s, CPU, memory, beside the source, bare COPY and a minimal program; rows, --tables N, --pages N, --heap MB',
    runs: ['100000', '1000000', '50 --tables 300'],
    minutes: 10,
  },
  lag: {
    what: 'from change to row at 1, 50 and 500 changes a second, without and with webhooks; seconds, "quick"',
    runs: ['60'],
    minutes: 10,
  },
  requests: {
    what: 'requests to Dataverse an hour for 100 tables; "idle" or "busy", seconds',
    runs: ['idle 300', 'busy 120'],
    minutes: 10,
  },
  growth: {
    what: 'a delta pass of 10 changes in tables of these sizes; sizes with commas, passes',
    runs: ['10000,1000000 20'],
    minutes: 5,
  },
  refused: { what: 'a page with refused rows beside a clean one; rounds', runs: ['3'], minutes: 5 },
  heal: {
    what: 'from cure to healed; failures of one cause, single failures',
    runs: ['5000 6'],
    minutes: 6,
  },
  api: { what: 'calls of the API; rounds of 1,000 calls of each kind', runs: ['5'], minutes: 8 },
  list: { what: 'a long list of profiles; calls of each kind', runs: ['10'], minutes: 5 },
  webhooks: { what: 'webhook calls; rounds of 1,000 calls of each kind', runs: ['5'], minutes: 3 },
  ingest: {
    what: 'a large failure log; megabytes that are read, entries that are written',
    runs: ['1024 20000'],
    minutes: 5,
  },
  cold: { what: 'cold start beside an app with one empty function; starts', runs: ['10'], minutes: 2 },
};

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
