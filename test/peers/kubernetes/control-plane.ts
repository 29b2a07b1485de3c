/** A control plane as its Deployment in the cluster has it, though as a process of this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import type { InstanceView } from '../../../cli/api-types.ts';
import type { MeshStatus } from '../../../cli/commands/status.ts';
import { freePorts } from '../../free-ports.ts';
import { OUTRIDER } from '../../integration/running-up.ts';
import { until } from '../../until.ts';
import type { KubernetesObject } from './api-client.ts';
import { newAuthority } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { certificateFiles, install, printed } from './installation.ts';
import type { RunnableContainer } from './kubelet.ts';

/** What a test is told of it. */
export interface InstalledMesh {
  readonly directory: string;
  readonly grpcPort: number;
  /** All that it has said. */
  readonly output: () => string;
  /** The first instance of a service, as `outrider status` knows it. */
  readonly instance: (service: string) => InstanceView | undefined;
}

const PROGRAM = 'outrider-control-plane';

/** The token that a kubelet asks for. */
export async function tokenOf(
  { api }: Cluster,
  namespace: string,
  account: string,
  audience?: string,
  pod?: KubernetesObject,
): Promise<string> {
  const bound = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
  const spec = { ...(audience && { audiences: [audience] }), ...(bound && { boundObjectRef: bound }) };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const place = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { status, body } = await api.raw('POST', place, review);
  if (status !== 201) throw new Error(body.message);
  return (body.status as { readonly token: string }).token;
}

/** Installs the mesh with policies, starts its control plane, and applies `services`. Sidecars find it on their loopback. */
export async function installMesh(t: Test, cluster: Cluster, access: string, services: string): Promise<InstalledMesh> {
  const directory = mkdtempSync(path.join(cluster.directory, 'control-plane-'));
  const write = (name: string, content: string) => writeFileSync(path.join(directory, name), content);
  const [httpPort, grpcPort] = (await freePorts(2)) as [number, number];
  const files = certificateFiles(directory, newAuthority('mesh'));
  write('access', access);
  write('settings.yaml', `controlPlane: ["localhost:${grpcPort}"]\n`);
  write('services.yaml', services);
  const objects = await printed(directory, [...files, '--settings', 'settings.yaml', '--injector', 'policy']);
  await install(
    cluster.api,
    objects.filter(({ kind }) => kind !== 'Deployment' && kind !== 'PersistentVolumeClaim'),
  );
  // What its pod would have of the API server.
  mkdirSync(path.join(directory, 'credentials'));
  write('credentials/ca.crt', cluster.authority.pem);
  write('credentials/token', await tokenOf(cluster, 'outrider-system', PROGRAM));
  const own = ['--kubernetes-api', `https://127.0.0.1:${cluster.port}`, '--kubernetes-credentials', 'credentials'];
  const words = [...argumentsIn(objects, httpPort, grpcPort), ...own];
  const child: ChildProcess = spawn(process.execPath, [OUTRIDER, ...words], { cwd: directory });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  await until('the control plane', () => /control plane serves/.test(output), 60_000);
  const outrider = (...words: readonly string[]) =>
    spawnSync(process.execPath, [OUTRIDER, ...words, '--state', 'state'], { cwd: directory, encoding: 'utf8' });
  const { status, stderr } = outrider('apply', '-f', 'services.yaml');
  if (status !== 0) throw new Error(stderr);
  const instance = (service: string) => {
    const { serviceViews } = JSON.parse(outrider('status', '-o', 'json').stdout) as MeshStatus;
    return serviceViews.find(({ name }) => name === service)?.instances[0];
  };
  return { directory, grpcPort, output: () => output, instance };
}

function argumentsIn(objects: readonly KubernetesObject[], httpPort: number, grpcPort: number): string[] {
  const found = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === PROGRAM);
  const { template } = found!.spec as {
    readonly template: { readonly spec: { readonly containers: readonly RunnableContainer[] } };
  };
  const here: Readonly<Record<string, string>> = {
    '/var/lib/outrider/state': 'state',
    '/etc/outrider/certificate/tls.crt': 'server.pem',
    '/etc/outrider/certificate/tls.key': 'server.key',
    '/etc/outrider/certificate/ca.crt': 'ca.pem',
    '/etc/outrider/access/access': 'access',
    '0.0.0.0:15080': `127.0.0.1:${httpPort}`,
    '0.0.0.0:15010': `127.0.0.1:${grpcPort}`,
  };
  return template.spec.containers[0]!.args.map((word) => here[word] ?? word);
}
