import { expect, test } from 'vitest';
import { ServiceError } from '../../../shared/errors.ts';
import type { ChangePage } from '../../../shared/model/change.ts';
import type { PageRequest } from '../../../shared/ports/dataverse.ts';
import { readCurrentPage } from '../../../shared/sync/read-current.ts';
import type { TableRun } from '../../../shared/sync/table-run.ts';
import type { TableShape } from '../../../shared/sync/table-shape.ts';

const shapeOf = (columns: readonly string[], metadataVersion: string | undefined) =>
  ({ query: { table: { entitySetName: 'accounts' }, columns }, metadataVersion }) as unknown as TableShape;

/** A run whose shape was read at version 9; `next` is what reading it again gives. Pages and versions come in order. */
function runOf(pages: readonly Partial<ChangePage>[], next: TableShape, told: readonly string[] = []) {
  const asked: string[] = [];
  const left = { pages: [...pages], told: [...told] };
  const run = {
    shape: shapeOf(['name'], '9'),
    dataverse: {
      readPage: async ({ query }: PageRequest) => {
        asked.push(query.columns.join());
        return { rows: [{}], deletedIds: [], following: { kind: 'end' }, ...left.pages.shift() };
      },
      metadataVersion: async () => {
        asked.push('version');
        return left.told.shift();
      },
    },
    ports: {
      shapes: {
        forget: () => asked.push('forget'),
        of: async () => {
          asked.push('shape');
          return next;
        },
      },
    },
  } as unknown as TableRun;
  return { run, asked };
}

const grown = shapeOf(['name', 'new_motto'], '10');

test('a page is read again when columns were added since its columns were chosen', async () => {
  const { run, asked } = runOf([{ metadataVersion: '10' }, { metadataVersion: '10' }], grown);
  await readCurrentPage(run, { kind: 'rows' });
  expect(asked).toEqual(['name', 'shape', 'name,new_motto']);
  expect(run.shape).toBe(grown);
});

test('the version that a page tells is not asked for again when the shape is renewed', async () => {
  const { run } = runOf([{ metadataVersion: '10' }, { metadataVersion: '10' }], grown);
  const seen: unknown[] = [];
  const { of } = run.ports.shapes;
  run.ports.shapes.of = async (...given) => {
    seen.push(given[4]);
    return await of(...given);
  };
  await readCurrentPage(run, { kind: 'rows' });
  expect(seen).toEqual(['10']);
});

test('a page is kept when the metadata moved elsewhere', async () => {
  const { run, asked } = runOf([{ metadataVersion: '10' }], shapeOf(['name'], '10'));
  await readCurrentPage(run, { kind: 'rows' });
  expect(asked).toEqual(['name', 'shape']);
});

test('a server that tells an older version changes nothing', async () => {
  const { run, asked } = runOf([{ metadataVersion: '8' }], grown);
  await readCurrentPage(run, { kind: 'rows' });
  expect(asked).toEqual(['name']);
});

test('where a page tells no version, it is asked for after the page', async () => {
  const { run, asked } = runOf([{}, {}], grown, ['10', '10']);
  await readCurrentPage(run, { kind: 'delta', link: 'link' });
  expect(asked).toEqual(['name', 'version', 'shape', 'name,new_motto', 'version']);
});

test('a page is read again when the reader of another page has met the new columns meanwhile', async () => {
  const { run, asked } = runOf(Array(4).fill({ metadataVersion: '10' }), grown);
  const { readPage } = run.dataverse;
  const late = Promise.withResolvers<void>();
  run.dataverse.readPage = async (request) => {
    const page = await readPage(request);
    if ('link' in request && request.link === 'late') await late.promise;
    return page;
  };
  const reading = readCurrentPage(run, { kind: 'next', link: 'late' });
  await readCurrentPage(run, { kind: 'next', link: 'early' });
  late.resolve();
  await reading;
  expect(asked).toEqual(['name', 'name', 'shape', 'name,new_motto', 'name,new_motto']);
});

test('a slow reader of the shape takes no columns away from a page that has them', async () => {
  const { run } = runOf([{ metadataVersion: '10' }, { metadataVersion: '10' }], shapeOf(['name'], '10'));
  const reading = readCurrentPage(run, { kind: 'rows' });
  run.shape = shapeOf(['name', 'new_motto', 'new_slogan'], '11');
  await reading;
  expect(run.shape.query.columns).toHaveLength(3);
});

test('a page without rows costs nothing more', async () => {
  const { run, asked } = runOf([{ rows: [], deletedIds: ['x'] }], grown, ['10']);
  await readCurrentPage(run, { kind: 'delta', link: 'link' });
  expect(asked).toEqual(['name']);
});

test('a page without rows that tells of newer metadata has it read', async () => {
  const { run, asked } = runOf([{ rows: [], metadataVersion: '10' }], shapeOf(['name'], '10'));
  await readCurrentPage(run, { kind: 'delta', link: 'link' });
  expect(asked).toEqual(['name', 'shape']);
});

test.each([
  ['is asked again without a column that was deleted', shapeOf(['accountid'], '9'), true],
  ['stays refused when the columns are the same', shapeOf(['name'], '9'), false],
])('a page that Dataverse refuses %s', async (_, next, isAnswered) => {
  const { run, asked } = runOf([], next);
  const { readPage } = run.dataverse;
  const refusal = new ServiceError('DATAVERSE_REQUEST_REFUSED', 'Cannot read: there is no such column.');
  const reading = readCurrentPage(
    {
      ...run,
      dataverse: {
        ...run.dataverse,
        readPage: (request: PageRequest) =>
          request.query.columns.includes('name') ? Promise.reject(refusal) : readPage(request),
        metadataVersion: async () => '9',
      },
    },
    { kind: 'delta', link: 'link' },
  );
  if (isAnswered) await expect(reading).resolves.toMatchObject({ rows: [{}] });
  else await expect(reading).rejects.toBe(refusal);
  expect(asked).toContain('forget');
});
