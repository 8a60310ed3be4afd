/** The time. Only adapters read the machine's. */
export interface Clock {
  now(): Date;
  /** Waits; used only where nothing else may run meanwhile (throttling inside one work item). */
  sleep(milliseconds: number): Promise<void>;
}

/** Ends waiting. */
export interface Timer {
  /** A signal that is aborted after the time. */
  signalAfter(milliseconds: number): AbortSignal;
}
