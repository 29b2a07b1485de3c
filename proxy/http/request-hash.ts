/** What a hash policy found out about a request. */
export interface RequestHash {
  /** 64 bits, as two unsigned halves. */
  readonly hi: number;
  readonly lo: number;
  /** Values of set-cookie that the answer of the endpoint carries, so that the client comes back to it; null for none. */
  readonly newCookies: readonly string[] | null;
}
