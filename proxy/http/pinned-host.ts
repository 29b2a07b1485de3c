/** The endpoint that a request asks for by its address, before any load balancing. */
export interface PinnedHost {
  /** `host:port`. */
  readonly address: string;
  /** Rather none than another one. */
  readonly strict: boolean;
}
