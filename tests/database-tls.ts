import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { expect, vi } from 'vitest';
import { openServerCertificate } from '../local/keyvault/certificate.ts';

/** Has the superuser's server speak TLS with those who ask, with the certificate of this folder; returns the authority's file. */
export async function serveTls(superuser: Client, folder: string): Promise<string> {
  const { cert, caFile } = openServerCertificate(folder);
  const key = readFileSync(join(folder, 'server.key'), 'utf8');
  for (const [file, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
    // The server writes them itself: it wants to own its key, and the folder is another account's.
    const lines = `SELECT unnest(string_to_array(${superuser.escapeLiteral(text.trim())}, chr(10)))`;
    await superuser.query(`COPY (${lines}) TO PROGRAM 'umask 077; cat > ${file}'`);
  }
  await turnTls(superuser, 'on');
  return caFile;
}

/** Turns it on or off for new connections. */
export async function turnTls(superuser: Client, state: 'on' | 'off'): Promise<void> {
  await superuser.query(`ALTER SYSTEM SET ssl = ${state}`);
  await superuser.query('SELECT pg_reload_conf()');
  await vi.waitFor(async () => {
    expect((await superuser.query('SHOW ssl')).rows).toEqual([{ ssl: state }]);
  }, 10_000);
}
