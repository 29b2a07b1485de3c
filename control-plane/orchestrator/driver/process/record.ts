/**
 * The record of a replica on disk: enough to find its processes again after the control plane was killed.
 *
 *   <state>/run/<workload>/<index>/record.json
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../../../kernel/process-identity.ts';
import type { Workload } from '../../../state/model.ts';
import type { Role, UpgradeFailure } from '../../plan.ts';

/** The ports of a replica, all on loopback. */
export interface ReplicaPorts {
  readonly app: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly admin: number;
  readonly settings: number;
}

/** One process of a replica; null before its first start. */
export interface ProcessRecord extends ProcessIdentity {
  /** Milliseconds since 1970. */
  readonly startedWallMs: number;
}

/** See the head of this file. */
export interface ReplicaRecord {
  readonly workload: Workload;
  readonly index: number;
  readonly specHash: string;
  readonly phase: 'running' | 'stopping';
  readonly ports: ReplicaPorts;
  readonly processes: Readonly<Record<Role, ProcessRecord | null>>;
  /** Absent in records of versions that did not replace sidecars in place: all 0. */
  readonly sidecars?: SidecarGenerations;
  /** Sidecars before the present one, which finish what they have. */
  readonly predecessors?: readonly ProcessIdentity[];
  readonly upgradeFailure?: UpgradeFailure | null;
}

/** Generations of a replica's sidecar: see orchestrator/upgrade.ts. */
export interface SidecarGenerations {
  /** Of the command that lies ready for the next one. */
  readonly next: number;
  /** Of the one that serves. */
  readonly serving: number;
  /** Of the last one that was found to be as it was to be. */
  readonly proven: number;
}

/** The folder of one replica. */
export function replicaDirectory(stateDir: string, workload: string, index: number): string {
  return join(stateDir, 'run', workload, String(index));
}

/** Writes the record so that a reader sees the old one or the new one, whole. */
export function writeRecord(stateDir: string, record: ReplicaRecord): void {
  const directory = replicaDirectory(stateDir, record.workload.name, record.index);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'record.json');
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
}

/** Removes the replica's folder with all that is in it. */
export function removeRecord(stateDir: string, workload: string, index: number): void {
  rmSync(replicaDirectory(stateDir, workload, index), { recursive: true, force: true });
}

/** Every record under the state directory; folders without a readable one are left out. */
export function readRecords(stateDir: string): ReplicaRecord[] {
  const run = join(stateDir, 'run');
  return foldersIn(run).flatMap((workload) =>
    foldersIn(join(run, workload)).flatMap((index) => readRecord(join(run, workload, index, 'record.json')) ?? []),
  );
}

function readRecord(file: string): ReplicaRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ReplicaRecord;
  } catch {
    return undefined;
  }
}

function foldersIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
