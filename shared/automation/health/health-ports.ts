import type { HealthFindings } from '../../ports/health-findings.ts';
import type { AutomationPorts } from '../automation-ports.ts';

/** When something counts as unhealthy; all from settings. */
export interface HealthLimits {
  /** From a change in the source to its arrival. */
  readonly lagSeconds: number;
  /** That an initial sync may take without any progress. */
  readonly initialSyncStallSeconds: number;
  /** Before a secret ends. */
  readonly secretExpiryDays: number;
  /** After it was last active, an inactive profile is unhealthy so long; then it is meant to be. */
  readonly inactiveWarningDays: number;
  /** That an open finding must not be seen until it is closed. */
  readonly quietSeconds: number;
}

/** What the looks at the profiles' health ask of the world. */
export interface HealthPorts
  extends Pick<AutomationPorts, 'exporter' | 'ledger' | 'organizations' | 'telemetry' | 'clock' | 'log'> {
  readonly findings: HealthFindings;
  readonly limits: HealthLimits;
  /** How long one run looks; from a setting. */
  readonly lookSeconds: number;
}

/** The same during one run. */
export interface LookPorts extends HealthPorts {
  /** Nothing more is asked of anybody: what is left is for the next run. */
  isOver(): boolean;
}
