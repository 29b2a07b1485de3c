/** `outrider kubernetes`: prints what a cluster needs for a mesh. It only prints, and asks nobody. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { parse, stringify } from 'yaml';
import { type InjectionSettings, parseInjectionSettings } from '../../control-plane/injection/settings.ts';
import { parseAccessFile } from '../../control-plane/security/access-file.ts';
import { serverCertificate } from '../../control-plane/security/server-certificate.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { manifests, serverNames } from '../kubernetes/manifests.ts';

interface KubernetesFlags {
  readonly namespace: string;
  readonly image: string;
  readonly initImage: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly access?: string;
  readonly settings?: string;
  readonly injector: 'webhook' | 'policy';
  readonly failurePolicy: 'Fail' | 'Ignore';
}

const XDS_PORT = 15_010;
/** Every ServiceAccount is the workload of its name: who wants more says it in a file. */
const NO_ACCESS = '# outrider kubernetes --access FILE\n';

/** Adds the command. */
export function addKubernetes(program: Command, context: CliContext): void {
  program
    .command('kubernetes')
    .description(
      'print what a Kubernetes cluster needs for a mesh (YAML for kubectl apply -f -, and for kubectl delete -f -)',
    )
    .option('--namespace <name>', 'of the mesh itself; its objects are all there is in it', 'outrider-system')
    .option('--image <image>', 'of control plane, webhook and sidecars', 'outrider:latest')
    .option('--init-image <image>', 'the same with nft or iptables', 'outrider-init:latest')
    .requiredOption('--ca <file>', 'authorities of the certificate, PEM; several while they are exchanged')
    .requiredOption(
      '--cert <file>',
      'certificate of control plane and webhook, PEM (deploy/kubernetes/certificates.sh)',
    )
    .requiredOption('--key <file>', 'its key')
    .option('--access <file>', 'the access file of the control plane: who may do what, and which pods may join')
    .option('--settings <file>', 'more of what pods are injected with, as the webhook reads it')
    .addOption(
      new Option('--injector <kind>', 'a webhook, or admission policies, for which Kubernetes has to be 1.36 or newer')
        .choices(['webhook', 'policy'])
        .default('webhook'),
    )
    .addOption(
      new Option('--failure-policy <policy>', 'what becomes of pods of the mesh while no webhook answers')
        .choices(['Fail', 'Ignore'])
        .default('Fail'),
    )
    .action((flags: KubernetesFlags) => context.out(text(flags, context)));
}

function text(flags: KubernetesFlags, context: CliContext): string {
  const { namespace, injector, failurePolicy } = flags;
  const problem = labelProblem('namespace', namespace);
  if (problem !== undefined) throw new UsageError(problem);
  const read = (option: string, file: string) => fileText(option, file, context);
  const ca = read('--ca', flags.ca);
  const certificate = { chain: read('--cert', flags.cert), key: read('--key', flags.key) };
  checkCertificate(flags, certificate);
  const access = flags.access === undefined ? NO_ACCESS : read('--access', flags.access);
  const entries = parseAccessFile(access);
  if (!entries.ok) throw new CliError(`${flags.access}: ${entries.error.join('; ')}`);
  const more = flags.settings === undefined ? '' : read('--settings', flags.settings);
  const settings = settingsOf(flags, ca, more);
  const objects = manifests({ namespace, settings, ca, certificate, access, injector, failurePolicy });
  // As kubectl reads it: what would be no text in YAML 1.1 is quoted.
  const format = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 } as const;
  return objects.map((each) => `---\n${stringify(each, format)}`).join('');
}

function settingsOf(
  { namespace, image, initImage, settings }: KubernetesFlags,
  ca: string,
  more: string,
): InjectionSettings {
  const controlPlane = [`${serverNames(namespace)[0]}:${XDS_PORT}`];
  const place = settings ?? 'the settings';
  let own: unknown;
  try {
    own = parse(more) ?? {};
  } catch (error) {
    throw new CliError(`${place}: it is no YAML: ${messageOf(error)}`);
  }
  if (typeof own !== 'object' || Array.isArray(own)) throw new CliError(`${place}: it must be an object`);
  const parsed = parseInjectionSettings(stringify({ image, interceptImage: initImage, controlPlane, ca, ...own }));
  if (!parsed.ok) throw new CliError(`${place}: ${parsed.error.replaceAll('\n', '; ')}`);
  return parsed.value;
}

/** The handshake would say it too, to nobody who reads it. */
function checkCertificate(
  { cert, key, namespace }: KubernetesFlags,
  { chain, key: keyText }: { readonly chain: string; readonly key: string },
): void {
  const files = { certificate: cert, key, clientAuthorities: null };
  const checked = serverCertificate(files, [chain, keyText], { wallMs: () => Date.now() });
  if (!checked.ok) throw new CliError(checked.error);
  const names = serverNames(namespace);
  const missing = names.find((name) => new X509Certificate(chain).checkHost(name) === undefined);
  if (missing !== undefined)
    throw new CliError(`the certificate in ${cert} is not for ${missing}: it needs ${names.join(' and ')}`);
}

function fileText(option: string, file: string, { cwd }: CliContext): string {
  try {
    return readFileSync(path.resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(`${option} ${file} cannot be read: ${messageOf(error)}`);
  }
}
