/** One blob of a failure container. */
export interface FailureBlob {
  readonly name: string;
  /** Bytes. */
  readonly length: number;
  readonly etag: string;
}

/** Failure logs, read through the link that an exporter hands out. The link is a secret: it is never logged. */
export interface FailureBlobs {
  /** Blobs whose name starts with the prefix, in the order of their names. The link's origin must be an expected one. */
  list(link: string, prefix: string): AsyncIterable<FailureBlob>;
  /** The bytes from `offset` to the end as they were when listed, in pieces of bounded size. */
  read(link: string, blob: FailureBlob, offset: number): AsyncIterable<Uint8Array>;
}
