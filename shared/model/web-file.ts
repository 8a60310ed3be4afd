/** How the body of an answer may be compressed. */
export type Encoding = 'br' | 'gzip' | 'identity';

/** A file for browsers, the same for everybody. */
export interface WebFile {
  readonly contentType: string;
  /** Changes when the content does. */
  readonly version: string;
  body(encoding: Encoding): Uint8Array;
}
