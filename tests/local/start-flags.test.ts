import { describe, expect, it } from 'vitest';
import { readDemoFlags, readStartFlags } from '../../local/platform/start-flags.ts';

const complaint = (read: () => unknown) => {
  try {
    return JSON.stringify(read());
  } catch (error) {
    return (error as Error).message;
  }
};

describe('npm start', () => {
  it.each([
    [['--destination', 'sqlserver://me:geheim@host/db'], 'or an ADO.NET connection string such as'],
    [['--destination', 'mysql://me:geheim@host/db'], 'must be a URL that starts with postgres://'],
    [['--destination', 'Password=geheim'], 'must be a URL that starts with postgres://'],
    [['--rows', '99'], '--rows must be at least 100 for the demonstration'],
    [['--exporter-url', 'https://exporter.example'], 'must be the app of another local platform'],
    [['--exporter-url', 'http://127.0.0.1:7071', '--destination', 'postgres://h/d'], 'exclude each other'],
  ])('refuses %j with the reason and the flags, and repeats no password', (args, reason) => {
    const said = complaint(() => readStartFlags(args));
    expect(said).toMatch(/^Cannot start: /);
    expect(said).toContain(reason);
    expect(said).toContain('\n  --no-demo ');
    expect(said).not.toContain('geheim');
  });

  it.each([
    [['--rows', '0', '--no-demo'], { rows: 0, hasDemonstration: false }],
    [['--rows', '0', '--exporter-url', 'http://127.0.0.1:7071'], { exporterUrl: 'http://127.0.0.1:7071' }],
    [['--destination', 'postgresql://me:p@host/db'], { destination: 'postgresql://me:p@host/db' }],
    [['--destination', 'Server=h;Database=d'], { destination: 'Server=h;Database=d' }],
  ])('takes %j', (args, flags) => expect(readStartFlags(args)).toMatchObject(flags));
});

describe('npm run demo', () => {
  it('shows the sources, or the bundle', () => {
    expect(readDemoFlags([])).toEqual({ rows: 20_000, from: 'sources' });
    expect(readDemoFlags(['--rows', '100', '--from', 'bundle'])).toEqual({ rows: 100, from: 'bundle' });
  });

  it('tells everything that is wrong, with the list of its flags', () => {
    const said = complaint(() => readDemoFlags(['--rows', '99', '--from', 'zip', '--fresh', 'more']));
    expect(said).toContain(
      'Cannot start: --fresh is unknown; "more" is unknown; --rows must be a whole number from 100 to 1000000, received "99"; --from must be sources or bundle, received "zip". The flags are:\n  --rows N ',
    );
    expect(said).not.toContain('--port-base');
  });
});
