/** A field by itself, in whatever way a codec keeps it. Names of HTTP/2 are in lower case, others as they were written. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** The trailer section of a message, checked by the codec that read it. */
export type Trailers = readonly HeaderField[];
