/**
 * What an `outrider up` that was killed has left behind: a control plane without a parent. It is asked to end and to
 * leave the workloads running; the new control plane finds them in the state directory's records and goes on with them.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from '../../kernel/process-identity.ts';
import { localAccess } from '../access.ts';
import { Client } from '../api-client.ts';
import { readControlPlaneRecord } from '../state-dir.ts';

/** How long it has to end after each way of asking. */
const GRACE_MS = 5000;
const POLL_MS = 50;

/** Ends a control plane that still runs on the state directory; does nothing when there is none. */
export async function retirePredecessor(stateDir: string, say: (text: string) => void): Promise<void> {
  const record = readControlPlaneRecord(stateDir);
  if (record === undefined || !isControlPlane(record.pid, stateDir)) return;
  const identity = identify(record.pid);
  if (identity === undefined) return;
  say(`taking over from the control plane that runs on ${stateDir} (process ${record.pid})`);
  await askToEnd(record.http, stateDir);
  for (const signal of [undefined, 'SIGTERM', 'SIGKILL'] as const) {
    if (signal !== undefined && isAlive(identity)) process.kill(record.pid, signal);
    const endsAtMs = performance.now() + GRACE_MS;
    while (isAlive(identity) && performance.now() < endsAtMs) await sleep(POLL_MS);
    if (!isAlive(identity)) return;
  }
}

async function askToEnd(address: string, stateDir: string): Promise<void> {
  const { dispatcher, token } = localAccess(stateDir);
  const client = new Client(address, dispatcher, token);
  try {
    await client.shutdown('keep');
  } catch {
    // It does not answer: the signals that follow do without.
  } finally {
    await client.close();
  }
}

/** Whether the process is what the record says: its number may have gone to another program. */
function isControlPlane(pid: number, stateDir: string): boolean {
  if (process.platform !== 'linux') return identify(pid) !== undefined;
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.includes('control-plane') && args.includes(stateDir);
  } catch {
    return false;
  }
}
