/** Small values that many parts of the model share. See README.md beside this file. */
/** An IP address and port. `host` is an IPv4 or IPv6 literal, or a name for DNS clusters. Port 0 to 65535. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** envoy.config.core.v3.Http2ProtocolOptions, with Envoy's defaults filled in. Window sizes in bytes. */
export interface Http2Options {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
  readonly allowConnect: boolean;
}
