/** outrider.agent.v1.AgentConfig, which the control plane writes into `bootstrap_extensions`. */
import { APPLICATION_PROTOCOLS } from '../../protos/contract/application-protocols.ts';
import type { AgentConfig, ApplicationCheck as CheckMessage } from '../../protos/gen/outrider/agent/v1/agent.ts';
import type { Path } from '../../protos/json/issue.ts';
import type { Decoding } from '../config/decode/decoding.ts';
import type { AgentSettings, ApplicationCheck, ApplicationProbe } from './bootstrap.ts';

const WEIGHT = 100;
const CHECK_MS = 1_000;
const RETRIES = 2;
const START_INTERVAL_MS = 200;

/** Decodes the agent's settings; whatever the registry would refuse is reported here already. */
export function decodeAgentSettings(message: AgentConfig, path: Path, decoding: Decoding): AgentSettings {
  const identity = message.identity;
  const place = [...path, 'identity'];
  if (message.clusterName === '')
    decoding.report([...path, 'cluster_name'], 'the static cluster of the control plane is required');
  if (!identity?.workload) decoding.report([...place, 'workload'], 'the workload is required');
  if (!identity?.address)
    decoding.report([...place, 'address'], 'the address where other sidecars reach this one is required');
  checkPort(identity?.port ?? 0, [...place, 'port'], decoding);
  const protocol = identity?.protocol || 'http';
  if (!APPLICATION_PROTOCOLS.some((each) => each === protocol))
    decoding.report([...place, 'protocol'], `${protocol} is not one of ${APPLICATION_PROTOCOLS.join(', ')}`);
  return {
    clusterName: message.clusterName,
    workload: identity?.workload ?? '',
    services: identity?.services ?? [],
    version: identity?.version ?? '',
    region: identity?.region ?? '',
    zone: identity?.zone ?? '',
    subZone: identity?.subZone ?? '',
    address: identity?.address ?? '',
    port: identity?.port ?? 0,
    protocol,
    weight: identity?.weight || WEIGHT,
    metadata: identity?.metadata ?? {},
    settingsPort: message.settingsPort || null,
    settingsFile: message.settingsFile || null,
    check:
      message.healthCheck === undefined ? null : decodeCheck(message.healthCheck, [...path, 'health_check'], decoding),
    probes: new Map(
      Object.entries(message.probes).map(([name, each]) => [
        name,
        decodeCheck(each, [...path, 'probes', name], decoding),
      ]),
    ),
    lastKnownGoodDirectory: message.lastKnownGoodDirectory || null,
    tokenFile: message.tokenFile || null,
  };
}

function decodeCheck(message: CheckMessage, path: Path, decoding: Decoding): ApplicationCheck {
  checkPort(message.port, [...path, 'port'], decoding);
  const intervalMs = message.intervalMs || CHECK_MS;
  return {
    probe: decodeProbe(message, path, decoding),
    port: message.port,
    intervalMs,
    timeoutMs: message.timeoutMs || CHECK_MS,
    retries: message.retries || RETRIES,
    startPeriodMs: message.startPeriodMs,
    startIntervalMs: Math.min(message.startIntervalMs || START_INTERVAL_MS, intervalMs),
  };
}

function decodeProbe({ probe }: CheckMessage, path: Path, decoding: Decoding): ApplicationProbe {
  switch (probe?.$case) {
    case 'http':
      if (!probe.value.path.startsWith('/')) decoding.report([...path, 'http', 'path'], 'the path must start with /');
      return { kind: 'http', path: probe.value.path, tls: probe.value.tls, headers: probe.value.headers };
    case 'grpc':
      return { kind: 'grpc', service: probe.value.service };
    case 'tcp':
      return { kind: 'tcp' };
    case 'command': {
      const { arguments: words, workingDirectory: directory, environment } = probe.value;
      const [program = '', ...rest] = words;
      if (program === '') decoding.report([...path, 'command', 'arguments'], 'a program is required');
      return { kind: 'command', command: [program, ...rest], directory, environment };
    }
    case undefined:
      decoding.report(path, 'one of http, tcp, grpc, command is required');
      return { kind: 'tcp' };
  }
}

function checkPort(port: number, path: Path, decoding: Decoding): void {
  if (port < 1 || port > 65_535) decoding.report(path, `${port} is no port; 1 to 65535 are`);
}
