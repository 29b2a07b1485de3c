/**
 * Where people reach the mesh from outside: the ports that Compose files publish.
 */
import type { Client } from '../api-client.ts';
import type { WorkloadView } from '../api-types.ts';

/** One published port. */
export interface Entry {
  readonly workload: string;
  /** Without a slash at its end. */
  readonly url: string;
}

/** The entries of all workloads, in the order in which the control plane lists them. */
export async function entriesOf(client: Client): Promise<Entry[]> {
  const workloads = (await client.resources('workload')) as readonly WorkloadView[];
  return workloads.flatMap(({ name, published }) =>
    published.map(({ hostIp, hostPort }) => ({ workload: name, url: `http://${bracketed(hostIp)}:${hostPort}` })),
  );
}

/** An IPv6 address stands in brackets in a URL. */
function bracketed(hostIp: string): string {
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}
