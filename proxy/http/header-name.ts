/** A header field name made ready for comparison: its text and its lower-case bytes. Built when configuration changes. */
export class HeaderName {
  /** Lower case. */
  readonly name: string;
  readonly bytes: Uint8Array;

  constructor(name: string) {
    this.name = name.toLowerCase();
    this.bytes = Uint8Array.from(Buffer.from(this.name, 'latin1'));
  }
}
