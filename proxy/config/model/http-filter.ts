/** HTTP filters of a chain. See README.md beside this file. */
/** A filter of the chain with the name by which routes address it. */
export interface NamedHttpFilter {
  readonly name: string;
  readonly config: HttpFilterConfig;
}

/** HTTP filters this proxy has. */
export type HttpFilterConfig = RouterFilterConfig;

/** envoy.extensions.filters.http.router.v3.Router. */
export interface RouterFilterConfig {
  readonly kind: 'router';
  readonly suppressEnvoyHeaders: boolean;
}
