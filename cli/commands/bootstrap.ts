/**
 * `outrider envoy-bootstrap` and `outrider grpc-bootstrap`: what other xDS clients need to join the mesh. Both only print,
 * and ask nobody.
 */
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { Address, PublishedService } from '../../control-plane/translate/node.ts';
import {
  type ControlPlaneOptions,
  controlPlaneAddress,
  DEFAULT_XDS,
  hostPort,
  isAddress,
} from '../bootstrap/control-plane-address.ts';
import { envoyBootstrap } from '../bootstrap/envoy-bootstrap.ts';
import { grpcBootstrap } from '../bootstrap/grpc-bootstrap.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { collect } from './apply.ts';

interface EnvoyFlags extends ControlPlaneOptions {
  readonly outbound: string | false;
  readonly publish?: readonly string[];
  readonly service?: string;
  readonly inbound: string;
  readonly appPort?: number;
  readonly nodeId?: string;
  readonly adminPort: number;
  readonly sotw?: true;
}

interface GrpcFlags extends ControlPlaneOptions {
  readonly nodeId?: string;
  readonly zone: string;
}

/** Adds both commands. */
export function addBootstrap(program: Command, context: CliContext): void {
  const envoy = program
    .command('envoy-bootstrap')
    .description('print the bootstrap (YAML) with which an Envoy joins the mesh')
    .option('--outbound <address>', 'where clients reach every service by its name', '127.0.0.1:15001')
    .option('--no-outbound', 'without that listener')
    .option('--publish <address=service>', 'a port that leads into one service; may be repeated', collect)
    .option('--service <name>', 'the service whose instance it stands in front of, with --app-port')
    .option('--inbound <address>', 'where it takes requests for that instance', '127.0.0.1:15006')
    .option('--app-port <port>', 'where the application listens, on loopback', port)
    .option('--node-id <id>', 'its name in the mesh, unique (default: envoy/ and the name of the host)')
    .option('--admin-port <port>', 'its admin page, on loopback', port, 15_000)
    .addOption(new Option('--delta', 'told what changes (the default)').conflicts('sotw'))
    .option('--sotw', 'told the state of the world with each change');
  withControlPlane(envoy).action((flags: EnvoyFlags) => context.out(envoyText(flags, context)));
  const grpc = program
    .command('grpc-bootstrap')
    .description('print what GRPC_XDS_BOOTSTRAP is to hold (JSON), for gRPC clients of xds:///<service>')
    .option('--node-id <id>', 'its name in the mesh, unique (default: grpc/ and the name of the host)')
    .option('--zone <zone>', 'where it runs', 'default');
  withControlPlane(grpc).action((flags: GrpcFlags) => context.out(grpcText(flags, context)));
}

function withControlPlane(command: Command): Command {
  return command
    .option('--control-plane <address>', `where xDS is served (default: the socket of --state, else ${DEFAULT_XDS})`)
    .option('--state <dir>', 'a state directory whose control plane to join')
    .option('--token-file <file>', 'the token to show; it becomes part of what is printed')
    .option('--ca <file>', 'whom to trust for the certificate of the control plane')
    .option('--cert <file>', 'a client certificate to show, with --key')
    .option('--key <file>', 'its key');
}

function envoyText(flags: EnvoyFlags, context: CliContext): string {
  const { service, appPort, nodeId = `envoy/${hostname()}`, adminPort } = flags;
  if ((service === undefined) !== (appPort === undefined))
    throw new UsageError(
      '--service and --app-port go together: an Envoy stands in front of one application, or of none',
    );
  const value = envoyBootstrap({
    node: {
      id: nodeId,
      outbound: flags.outbound === false ? null : listenAddress('--outbound', flags.outbound),
      inbound:
        service === undefined ? null : { service, ...listenAddress('--inbound', flags.inbound), appPort: appPort! },
      published: (flags.publish ?? []).map(publishedService),
    },
    cluster: service ?? 'envoy',
    controlPlane: controlPlaneAddress(flags, context),
    adminPort,
    protocol: flags.sotw === true ? 'sotw' : 'delta',
  });
  return stringify(value, { aliasDuplicateObjects: false });
}

function grpcText(flags: GrpcFlags, context: CliContext): string {
  const { nodeId = `grpc/${hostname()}`, zone } = flags;
  const value = grpcBootstrap({ nodeId, zone, controlPlane: controlPlaneAddress(flags, context) });
  return `${JSON.stringify(value, null, 2)}\n`;
}

function publishedService(text: string): PublishedService {
  const match = /^(.+)=([^=]+)$/.exec(text);
  if (match === null)
    throw new UsageError(`--publish has "${text}": it must be an address and a service, such as 0.0.0.0:8080=catalog`);
  return { ...listenAddress('--publish', match[1]!), service: match[2]! };
}

/** Envoy listens on addresses, and not on names. */
function listenAddress(option: string, text: string): Address {
  const address = hostPort(option, text);
  if (!isAddress(address.host))
    throw new UsageError(
      `${option} has the host "${address.host}": it must be an IP address, such as 127.0.0.1 or 0.0.0.0`,
    );
  return address;
}

function port(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError('It must be a port from 1 to 65535.');
}
