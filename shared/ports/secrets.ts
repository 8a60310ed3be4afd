/** A secret with its tags. */
export interface Secret {
  readonly value: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ISO 8601; absent when it never ends. */
  readonly endsAt?: string;
}

/** Secrets of the customers' key vaults. */
export interface Secrets {
  /**
   * Reads the secret at `https://<vault>/secrets/<name>[/<version>]`. Only configured vault hosts are ever called.
   * Fails with one of the `SECRET_*` codes.
   */
  read(address: string): Promise<Secret>;
  /** All that is wrong with the form of an address, in sentences; empty when nothing is. Calls nobody. */
  problemsOfAddress(address: string): readonly string[];
}
