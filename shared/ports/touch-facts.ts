import type { TouchFacts } from '../model/touch-facts.ts';

/** What all instances know of re-touching rows, an entry an organization. */
export interface TouchFactsStore {
  /** Those of an organization in which no row was re-touched yet are empty. */
  of(organizationId: string): Promise<TouchFacts>;
  /** Applies the change until no other writer came between; undefined writes nothing. */
  update(organizationId: string, change: (facts: TouchFacts) => TouchFacts | undefined): Promise<void>;
}
