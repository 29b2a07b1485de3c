/**
 * `<state>/control-plane.json`: where the control plane of this directory serves, for whoever looks for it and for its
 * successor, which takes the same ports, because the sidecars that still run know no others.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerTrust } from './orchestrator/driver/process/sidecar-access.ts';

/** See the head of this file. */
export interface ControlPlaneRecord {
  /** A URL, such as http://127.0.0.1:15080. */
  readonly http: string;
  /** Host and port. */
  readonly grpc: string;
  readonly pid: number;
  /** How clients on this machine verify it; null: it speaks plaintext. */
  readonly trust: ServerTrust | null;
}

const FILE = 'control-plane.json';

/** The record of the last control plane; undefined when there was none. */
export function readRecord(stateDir: string): ControlPlaneRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(stateDir, FILE), 'utf8')) as ControlPlaneRecord;
  } catch {
    return undefined;
  }
}

/** Writes the record so that a reader sees the old one or the new one, whole. */
export function writeRecord(stateDir: string, record: ControlPlaneRecord): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(record)}\n`);
  renameSync(`${file}.new`, file);
}
