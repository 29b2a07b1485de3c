/** The bootstrap and the environment of a sidecar that joins a control plane: those that the process driver would write. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bootstrapJson, type SidecarWorkload } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { findFreePorts } from '../../control-plane/orchestrator/driver/process/ports.ts';
import { type ServerTrust, trustIn } from '../../control-plane/orchestrator/driver/process/sidecar-access.ts';
import type { Random } from '../../kernel/random.ts';
import { CliError } from '../errors.ts';
import { freshNodeId } from '../sidecar/node-id.ts';
import { claimNetwork } from './loopback-network.ts';
import { nodeNames } from './node-names.ts';
import type { JoinOptions } from './options.ts';
import { addressOf } from './own-address.ts';

/** What the sidecar starts from, and what the application is told of it. */
export interface Joined {
  readonly configPath: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What its user should know; null: nothing. */
  readonly notice: string | null;
  /** Removes what was made for this run alone. */
  readonly cleanUp: () => void;
}

/** Of `run`, the world that it needs. */
export interface JoinDeps {
  readonly random: Random;
  readonly cwd: string;
  /** NODE_OPTIONS of the application. */
  readonly nodeOptions: string | undefined;
}

const HTTP_PORT = 80;

/** Writes the bootstrap. Rejects with one sentence when a file is missing, or the machine does not have what is asked for. */
export async function joinMesh(options: JoinOptions, { random, cwd, nodeOptions }: JoinDeps): Promise<Joined> {
  const file = (path: string, name: string) => {
    const absolute = resolve(cwd, path);
    if (!existsSync(absolute)) throw new CliError(`--${name}: there is no file ${path}`);
    return absolute;
  };
  const { tokenFile, certificate } = options;
  const files = {
    tokenFile: tokenFile === null ? null : file(tokenFile, 'token-file'),
    trust: trustOf(options, file),
    certificate: certificate && { chain: file(certificate.chain, 'cert'), key: file(certificate.key, 'key') },
  };
  const address = await addressOf(options.address, options.controlPlanes);
  const network = options.loopback ? await claimNetwork() : null;
  // Private to its owner: it holds the last known good configuration.
  const directory = mkdtempSync(join(tmpdir(), 'outrider-run-'));
  const settingsFile = join(directory, 'settings.json');
  const ports = await portsOf(options, random);
  const json = bootstrapJson({
    workload: workloadOf(options, cwd),
    index: 0,
    // Of its own in every run: an id that has left does not come back.
    id: freshNodeId(options.workload, random),
    ports,
    controlPlanes: options.controlPlanes,
    ...files,
    ...(address === null ? {} : { address: address.advertised }),
    node: {
      ...(address === null ? {} : { inboundHost: address.listen }),
      ...(ports.dns === null ? {} : { dns: { port: ports.dns, ipv6: false } }),
      ...(network === null ? {} : { interception: network.node }),
    },
    directory,
    settingsFile,
    environment: {},
  });
  const configPath = join(directory, 'bootstrap.json');
  writeFileSync(configPath, `${JSON.stringify(json, null, 2)}\n`, { mode: 0o600 });
  return {
    configPath,
    notice: network === null ? null : portNotice(network.node.lowestPort),
    environment: {
      HOST: '127.0.0.1',
      ...(options.port === null ? {} : { PORT: String(options.port) }),
      OUTRIDER_SETTINGS: `http://127.0.0.1:${ports.settings}`,
      OUTRIDER_SETTINGS_FILE: settingsFile,
      OUTRIDER_WORKLOAD: options.workload,
      OUTRIDER_VERSION: options.version,
      OUTRIDER_ADMIN: `http://127.0.0.1:${ports.admin}`,
      ...(ports.dns === null ? {} : nodeNames(directory, `127.0.0.1:${ports.dns}`, nodeOptions)),
    },
    cleanUp: () => {
      network?.release();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Null: it speaks plaintext. */
function trustOf({ ca, controlPlanes }: JoinOptions, file: (path: string, name: string) => string): ServerTrust | null {
  if (ca === null) return null;
  return trustIn(controlPlanes, typeof ca === 'string' ? file(ca, 'ca') : null);
}

async function portsOf({ port, inboundPort, dnsPort }: JoinOptions, random: Random) {
  const known = [port, inboundPort, dnsPort].filter((each) => each !== null);
  const [inbound, outbound, admin, settings, dns, spare] = await findFreePorts(6, new Set(known), random);
  return {
    app: port ?? spare!,
    inbound: inboundPort ?? inbound!,
    outbound: outbound!,
    admin: admin!,
    settings: settings!,
    dns: dnsPort === 0 ? dns! : dnsPort,
  };
}

function portNotice(lowestPort: number): string | null {
  if (lowestPort <= HTTP_PORT) return null;
  return `ports below ${lowestPort} cannot be listened at here (net.ipv4.ip_unprivileged_port_start): a service is reached at the port it names, and at ${HTTP_PORT} only through HTTP_PROXY`;
}

function workloadOf({ workload, services, version, protocol, healthPath }: JoinOptions, cwd: string): SidecarWorkload {
  const probe = { kind: 'http', path: healthPath ?? '' } as const;
  const times = { intervalMs: 1_000, timeoutMs: 1_000, retries: 2, startPeriodMs: 0, startIntervalMs: null };
  const health = healthPath === null ? null : { probe, ...times };
  return { name: workload, services, version, protocol, health, workingDir: cwd };
}
