/** A message that was given up: its queue, and whose work it was as far as it says so. Ids are lower-case guids. */
export interface PoisonedMessage {
  readonly queue: string;
  readonly organizationId?: string;
  readonly profileId?: string;
  readonly table?: string;
}
