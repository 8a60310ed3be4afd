import { createHash } from 'node:crypto';

const mostBytes = 512;

/** Collects the first bytes of a blob while it is read, to recognize it later. */
export interface HeadReader {
  push(bytes: Uint8Array): void;
  /** How many bytes, and their hash: `512-9f86d081884c7d65`. */
  head(): string;
}

export function headReader(): HeadReader {
  const hash = createHash('sha256');
  let length = 0;
  return {
    push(bytes) {
      const taken = bytes.subarray(0, mostBytes - length);
      hash.update(taken);
      length += taken.length;
    },
    head: () => `${length}-${hash.copy().digest('hex').slice(0, 16)}`,
  };
}

/** How many bytes a head was made of. */
export const lengthOfHead = (head: string) => Number.parseInt(head, 10) || 0;
