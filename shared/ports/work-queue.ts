import type {
  RetouchRowItem,
  RetryRowItem,
  RunOperationItem,
  SyncTableItem,
  TellTicketItem,
  VerifyRowItem,
} from '../model/work-item.ts';

/** One queue of small messages. A message may arrive more than once and in any order. */
export interface WorkQueue<Item> {
  /** Visible after the delay (seconds, at most seven days). */
  send(item: Item, delaySeconds?: number): Promise<void>;
}

export interface WorkQueues {
  readonly syncTable: WorkQueue<SyncTableItem>;
  readonly retryRow: WorkQueue<RetryRowItem>;
  readonly retouchRow: WorkQueue<RetouchRowItem>;
  readonly verifyRow: WorkQueue<VerifyRowItem>;
  readonly tellTicket: WorkQueue<TellTicketItem>;
  /** What could not be told: nobody takes it from there but a person, who may move it back. */
  readonly abandonedTicket: WorkQueue<TellTicketItem>;
  readonly runOperation: WorkQueue<RunOperationItem>;
}
