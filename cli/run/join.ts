/** The bootstrap and the environment of a sidecar that joins a control plane: those that the process driver would write. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bootstrapJson, type SidecarWorkload } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { findFreePorts } from '../../control-plane/orchestrator/driver/process/ports.ts';
import type { Random } from '../../kernel/random.ts';
import { CliError } from '../errors.ts';
import type { JoinOptions } from './options.ts';

/** What the sidecar starts from, and what the application is told of it. */
export interface Joined {
  readonly configPath: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Removes what was made for this run alone. */
  readonly cleanUp: () => void;
}

/** Of `run`, the world that it needs. */
export interface JoinDeps {
  readonly random: Random;
  readonly cwd: string;
}

/** Writes the bootstrap. Rejects with one sentence when a file is missing or no folder can be made. */
export async function joinMesh(options: JoinOptions, { random, cwd }: JoinDeps): Promise<Joined> {
  const file = (path: string | null, name: string) => {
    if (path === null) return null;
    const absolute = resolve(cwd, path);
    if (!existsSync(absolute)) throw new CliError(`--${name}: there is no file ${path}`);
    return absolute;
  };
  const tokenFile = file(options.tokenFile, 'token-file');
  const ca = file(options.ca, 'ca');
  // Private to its owner: it holds the last known good configuration.
  const directory = mkdtempSync(join(tmpdir(), 'outrider-run-'));
  const settingsFile = join(directory, 'settings.json');
  const known = options.port === null ? [] : [options.port];
  const [inbound, outbound, admin, settings, spare] = await findFreePorts(5, new Set(known), random);
  const ports = {
    app: options.port ?? spare!,
    inbound: inbound!,
    outbound: outbound!,
    admin: admin!,
    settings: settings!,
  };
  const { host } = options.controlPlanes[0]!;
  const json = bootstrapJson({
    workload: workloadOf(options, cwd),
    index: 0,
    // Of its own in every run: an id that has left does not come back.
    id: `${options.workload}-${random.uint32().toString(36)}${random.uint32().toString(36)}`,
    ports,
    controlPlanes: options.controlPlanes,
    trust: ca === null ? null : { authorities: ca, name: { kind: isIP(host) === 0 ? 'dns' : 'ip', value: host } },
    tokenFile,
    directory,
    settingsFile,
    environment: {},
  });
  const configPath = join(directory, 'bootstrap.json');
  writeFileSync(configPath, `${JSON.stringify(json, null, 2)}\n`, { mode: 0o600 });
  return {
    configPath,
    environment: {
      HOST: '127.0.0.1',
      ...(options.port === null ? {} : { PORT: String(options.port) }),
      OUTRIDER_SETTINGS: `http://127.0.0.1:${settings}`,
      OUTRIDER_SETTINGS_FILE: settingsFile,
      OUTRIDER_WORKLOAD: options.workload,
      OUTRIDER_VERSION: options.version,
      OUTRIDER_ADMIN: `http://127.0.0.1:${admin}`,
    },
    cleanUp: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function workloadOf({ workload, services, version, protocol, healthPath }: JoinOptions, cwd: string): SidecarWorkload {
  const probe = { kind: 'http', path: healthPath ?? '' } as const;
  const times = { intervalMs: 1_000, timeoutMs: 1_000, retries: 2, startPeriodMs: 0, startIntervalMs: null };
  const health = healthPath === null ? null : { probe, ...times };
  return { name: workload, services, version, protocol, health, workingDir: cwd };
}
