import type { SessionPool } from '../../shared/adapters/sqlserver/connection.ts';
import { SqlServerError } from '../../shared/adapters/sqlserver/server-error.ts';
import type { OpenSession, QueryResult } from '../../shared/adapters/sqlserver/session.ts';
import type { StoredCheckpoint } from '../../shared/schema/stored-checkpoint.ts';

/** A statement that was sent. */
export interface Sent {
  readonly text: string;
  readonly parameters: number;
}

/** What the server that is played knows and does. */
export interface Played {
  /** Rows of the catalog: objects, and columns of all of them. */
  objects: readonly Record<string, unknown>[];
  columns: readonly Record<string, unknown>[];
  /** The number of the error that every write of a staged row is refused with. */
  refusedWith: number | undefined;
  hasCheckpoint: boolean;
}

const checkpoint: StoredCheckpoint = {
  TableName: 'account',
  ProfileId: '00000000-0000-4000-8000-000000000001',
  Activation: 1,
  Epoch: '1',
  Sequence: '0',
  Phase: 'load',
  Link: '00000000-0000-4000-8000-000000000009',
  Ranges: null,
  DeltaLink: null,
  LoadStartedAt: '2026-11-23T10:00:00.000Z',
  NeedsSweep: true,
  IsResync: false,
  RowsExpected: null,
  RowsLoaded: '0',
  PageInPass: 0,
  Columns: null,
  Refill: null,
  SuccessCount: '0',
  FailureCount: '0',
};
const id = '00000000-0000-4000-8000-000000000002';
const rejected = {
  RecordId: id,
  Version: '1',
  ChangeType: 'Update',
  NoticedAt: new Date(0),
  Attempts: 1,
  NextAttemptAt: new Date(0),
  Code: 'ROW_REFUSED',
  Reason: '',
  IsResync: true,
};

/** Rows by what a statement has in it; the first that fits. */
function answer(text: string, played: Played): readonly object[] {
  if (text.includes('[keyOnId]')) return played.objects;
  if (text.includes('[maxLength]')) return played.columns;
  if (text.includes('[isThere]')) return [{ isThere: true }];
  if (text.includes('sp_getapplock')) return [{ result: 0 }];
  if (text.includes('@refused')) return [{ ordinal: null, number: null, message: null, changed: '0' }];
  if (text.includes('[changed]')) return [{ changed: '1' }];
  if (text.includes('[isKnown]')) return [{ isKnown: false, writtenAt: null }];
  if (text.includes('INSERT INTO') && text.includes('@holdsRows'))
    return played.hasCheckpoint ? [] : [checkpoint];
  if (text.includes('SELECT *')) return [checkpoint];
  if (text.includes('r.[NextAttemptAt], r.[Code]')) return [rejected];
  if (text.includes('AS [version]')) return [{ Id: id, version: '9' }];
  if (text.includes('SELECT t.[Id]')) return [{ Id: id }];
  return [];
}

/** Connections to a server that takes everything, and the statements that were sent to it. */
export function playedServer(played: Played): { readonly pool: SessionPool; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  function respond<R>(text: string, parameters = 0): QueryResult<R> {
    sent.push({ text, parameters });
    const { refusedWith } = played;
    if (refusedWith !== undefined && /\[changed\];$/.test(text))
      throw new SqlServerError('', { number: refusedWith, state: 0, severity: 16 });
    return { rows: answer(text, played) as readonly R[], rowCount: 1 };
  }
  const session: OpenSession = {
    query: async (text, parameters = []) => respond(text, parameters.length),
    batch: async (text) => respond(text),
    bulkLoad: async (_, __, rows) => Array.from(rows).length,
    certificateEnd: undefined,
    isAlive: () => true,
    isInTransaction: () => true,
    begin: async () => undefined,
    commit: async () => undefined,
    rollback: async () => undefined,
    reset: async () => undefined,
    mayEnd: () => undefined,
    close: () => undefined,
  };
  return {
    sent,
    pool: {
      transport: 'safe',
      take: async () => session,
      give: () => undefined,
      close: async () => undefined,
    },
  };
}
