import { createHash } from 'node:crypto';

/** A metadata id that is the same in every run: made from what it stands for. */
export function metadataId(of: string): string {
  const hex = createHash('sha256').update(of).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
