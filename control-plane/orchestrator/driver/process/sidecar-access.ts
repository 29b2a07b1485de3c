/**
 * What the driver gives each sidecar so that it can prove who it is, and know whom it talks to: a token in a file that
 * only its owner can read, exchanged long before it expires.
 */
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writeSecretFile } from '../../../security/secret-file.ts';
import type { ServerName } from '../../../translate/control-plane-cluster.ts';
import { replicaId } from '../../plan.ts';
import { type ReplicaRecord, replicaDirectory } from './record.ts';

/** How sidecars verify the control plane. */
export interface ServerTrust {
  /** A file of authorities in PEM; null: those of the system. */
  readonly authorities: string | null;
  /** The name that is in the certificate; null: any. */
  readonly name: ServerName | null;
  /** Of further control planes. */
  readonly otherNames?: readonly ServerName[];
}

/** Trust in certificates for the names by which these are dialled; at least one. `authorities` as in ServerTrust. */
export function trustIn(controlPlanes: readonly { readonly host: string }[], authorities: string | null): ServerTrust {
  const [name, ...otherNames] = [...new Set(controlPlanes.map(({ host }) => host))].map(
    (value): ServerName => ({ kind: isIP(value) === 0 ? 'dns' : 'ip', value }),
  );
  return { authorities, name: name!, otherNames };
}

/** See the head of this file. */
export interface SidecarAccess {
  /** A token for this replica from now on. Made also where none is asked for: it may be asked for later. */
  readonly mintToken: (replica: {
    readonly id: string;
    readonly workload: string;
    readonly services: readonly string[];
  }) => string;
  /** How long tokens are good, in milliseconds. */
  readonly tokenTtlMs: number;
  /** Null: plaintext. */
  readonly trust: () => ServerTrust | null;
}

/** Of the lifetime of a token: what is left is for a control plane that is away. */
const EXCHANGED_AFTER = 0.25;

/** Between two exchanges. */
export function exchangeIntervalMs({ tokenTtlMs }: SidecarAccess): number {
  return tokenTtlMs * EXCHANGED_AFTER;
}

/** Writes the replica's token; its path. */
export function writeToken(
  stateDir: string,
  { workload, index }: Pick<ReplicaRecord, 'workload' | 'index'>,
  { mintToken }: SidecarAccess,
): string {
  const file = join(replicaDirectory(stateDir, workload.name, index), 'token');
  const id = replicaId(workload.name, index);
  writeSecretFile(file, `${mintToken({ id, workload: workload.name, services: workload.services })}\n`);
  return file;
}
