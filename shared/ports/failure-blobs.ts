/** One blob of a failure container. */
export interface FailureBlob {
  readonly name: string;
  /** Bytes. */
  readonly length: number;
  /** Differs after each write. */
  readonly etag: string;
}

/** Failure containers, read through the links that an exporter hands out. A link is a secret: it is never logged. */
export interface FailureBlobs {
  /** All blobs, in the order of their names. The link must lead to a container of an expected server. */
  list(link: string): AsyncIterable<FailureBlob>;
  /**
   * The bytes from `offset` up to `end`, in pieces of bounded size; fewer when there are not as many. Undefined when the
   * blob is gone, or is so short now that there are none.
   */
  read(
    link: string,
    blobName: string,
    offset: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
}
