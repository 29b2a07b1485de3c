/** The mesh as `outrider kubernetes` installs it, for tests: printed, applied, taken away; and the webhook as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Test } from 'tap';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { runIn } from '../../../cli/test-fixtures.ts';
import { freePort } from '../../free-ports.ts';
import { OUTRIDER } from '../../integration/running-up.ts';
import { until, untilWorks } from '../../until.ts';
import type { ApiClient, KubernetesObject } from './api-client.ts';
import { type Authority, issue } from './certificates.ts';
import type { Cluster } from './cluster.ts';

/** Names of the certificate, as they are in a cluster. */
const NAMES = ['control-plane', 'webhook'].map((each) => `DNS:outrider-${each}.outrider-system.svc`);

/** The files of an authority in a folder, for the command line. */
export function certificateFiles(directory: string, authority: Authority): string[] {
  const { cert, key } = issue(authority, [...NAMES, 'DNS:localhost', 'IP:127.0.0.1']);
  const write = (name: string, text: string) => writeFileSync(path.join(directory, name), text);
  write('ca.pem', authority.pem);
  write('server.pem', cert);
  write('server.key', key);
  return ['--ca', 'ca.pem', '--cert', 'server.pem', '--key', 'server.key'];
}

/** What `outrider kubernetes` prints, in a folder with the files that it is told of. */
export async function printed(directory: string, words: readonly string[]): Promise<KubernetesObject[]> {
  return objectsIn(await printedText(directory, words));
}

/** The objects of a text. */
export function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((each) => each.toJS() as KubernetesObject);
}

/** The same as it is printed. */
export async function printedText(directory: string, words: readonly string[]): Promise<string> {
  const { code, out, err } = await runIn({ cwd: directory, script: OUTRIDER }, ['kubernetes', ...words]);
  if (code !== 0) throw new Error(err);
  return out;
}

/** As `kubectl apply -f -`: the API server reads each document itself. */
export async function installText(api: ApiClient, text: string): Promise<void> {
  for (const each of text.split(/^---\n/m).filter((document) => document !== ''))
    await api.apply(objectsIn(each)[0]!, each);
}

/** The same with objects. */
export async function install(api: ApiClient, objects: readonly KubernetesObject[]): Promise<void> {
  for (const each of objects) await api.apply(each);
}

/** As `kubectl delete`, until it is gone; the controllers have to run. */
export async function uninstall(api: ApiClient, objects: readonly KubernetesObject[]): Promise<void> {
  for (const each of objects.toReversed()) await api.delete(each);
  for (const { kind, metadata } of objects)
    await until(`the end of ${kind} ${metadata.name}`, async () => {
      return (await api.get(kind, metadata.namespace ?? 'default', metadata.name!)) === undefined;
    });
}

/** A webhook as a process of its own, with files that a test may change. */
export interface WebhookProcess {
  readonly directory: string;
  readonly url: string;
  /** The value of one of its metrics, behind the common prefix. */
  metric(name: string): Promise<number>;
  /** A new certificate, in use when this resolves. */
  exchange(authority: Authority): Promise<void>;
  stop(): Promise<number | null>;
}

/** Starts `outrider webhook` with the settings that were installed. */
export async function startWebhookProcess(
  t: Test,
  cluster: Cluster,
  installed: readonly KubernetesObject[],
  authority: Authority,
): Promise<WebhookProcess> {
  const directory = mkdtempSync(path.join(cluster.directory, 'webhook-'));
  const { data } = installed.find(({ metadata }) => metadata.name === 'outrider-injection') as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };
  writeFileSync(path.join(directory, 'settings.json'), data['settings.json']!);
  certificateFiles(directory, authority);
  const port = await freePort();
  const files = ['--settings', 'settings.json', '--tls-cert', 'server.pem', '--tls-key', 'server.key'];
  const words = [OUTRIDER, 'webhook', '--listen', `127.0.0.1:${port}`, ...files];
  const child: ChildProcess = spawn(process.execPath, words, { cwd: directory, stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(() => child.kill('SIGKILL'));
  const url = `https://127.0.0.1:${port}`;
  // Whom it shows is the API server's business.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  t.teardown(() => dispatcher.close());
  const metric = async (name: string) => {
    const { body } = await request(`${url}/metrics`, { dispatcher });
    const line = (await body.text())
      .split('\n')
      .find((each) => each.startsWith(`outrider_control_plane_webhook_${name} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  await untilWorks('the webhook', async () => (await request(`${url}/readyz`, { dispatcher })).statusCode === 200);
  return {
    directory,
    url,
    metric,
    exchange: async (next) => {
      const loads = 'file_loads_total{file="certificate"}';
      const before = await metric(loads);
      certificateFiles(directory, next);
      await until('the new certificate', async () => (await metric(loads)) > before);
    },
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
