/** Counters of the CORS filters of one connection manager. */
export class CorsStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  originValid = 0;
  originInvalid = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
