/** What each program measures, with what it is given when it runs with all, and about how long that takes. */
export const benches: Readonly<Record<string, { what: string; runs: readonly string[]; minutes: number }>> = {
  load: {
    what: 'initial load: rows/s, CPU, memory by tenths of the rows, beside the source, bare COPY and a minimal program; rows, --tables N, --pages N, --heap MB, --destination of a SQL Server',
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
