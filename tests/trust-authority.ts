import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** What NODE_EXTRA_CA_CERTS does for a program that is started with it; returns how to take it back. */
export function trustAuthority(caFile: string): () => void {
  const before = getCACertificates();
  setDefaultCACertificates([...before, readFileSync(caFile, 'utf8')]);
  return () => setDefaultCACertificates(before);
}
