/**
 * The access file: who may do what, one credential a line. It holds nothing secret: of a token its SHA-256.
 *
 *   # name    grant       credential                       options
 *   ci        operate     sha256:9f86d081...               expires=2027-01-31T00:00:00Z
 *   alice     administer  cn:alice
 *   edge      workload    sha256:60303ae2...               workload=cart services=cart,shop
 *   sidecars  workload    spiffe:mesh.test/shop
 *   pods      workload    serviceaccount:shop
 *
 * Credentials of client certificates are `cn:` (common name), `dns:`, `uri:`, `email:` (a subject alternative name), and
 * `spiffe:TRUST_DOMAIN/NAMESPACE`, which lets every workload of a namespace in by its SPIFFE ID.
 * `serviceaccount:NAMESPACE/NAME` is a Kubernetes ServiceAccount by its token; without a name every one of the namespace,
 * each for the workload that is called like it. A name may have several
 * lines, for instance while a token is exchanged. PURE.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import { type Grant, ROLES } from './roles.ts';

/** Kinds of names in a certificate that a line can ask for. */
export type CertificateField = 'cn' | 'dns' | 'uri' | 'email';

/** What proves that somebody is the one of the line. */
export type Credential =
  | { readonly kind: 'token'; readonly digest: Uint8Array }
  | { readonly kind: 'certificate'; readonly field: CertificateField; readonly value: string }
  | { readonly kind: 'service-account'; readonly namespace: string; readonly account: string | null }
  | { readonly kind: 'spiffe'; readonly trustDomain: string; readonly namespace: string };

/** One line. */
export interface AccessEntry {
  readonly name: string;
  readonly grant: Grant;
  readonly credential: Credential;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
  /** Of the grant `workload`; null for the others, and where the credential itself says it. */
  readonly workload: string | null;
  /** Null: those of the desired state. */
  readonly services: readonly string[] | null;
}

/** Most lines. Each failed attempt looks at all of them. */
export const ACCESS_ENTRIES_MAX = 10_000;

const GRANTS: readonly Grant[] = [...ROLES, 'workload'];
const CREDENTIALS = ['sha256', 'cn', 'dns', 'uri', 'email', 'spiffe', 'serviceaccount'];
const OPTIONS = ['expires', 'workload', 'services'];
const NAME = /^[\w][\w.@-]{0,62}$/;

/** All entries, or everything that is wrong, each as `line N: what`. */
export function parseAccessFile(text: string): Result<readonly AccessEntry[], readonly string[]> {
  const problems: string[] = [];
  const entries: AccessEntry[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter(Boolean);
    if (words.length === 0) continue;
    const parsed = parseLine(words);
    if (parsed.ok) entries.push(parsed.value);
    else problems.push(`line ${index + 1}: ${parsed.error}`);
  }
  if (entries.length > ACCESS_ENTRIES_MAX)
    problems.push(`there are ${entries.length} credentials: at most ${ACCESS_ENTRIES_MAX} are allowed`);
  return problems.length === 0 ? ok(entries) : err(problems);
}

/** A line that `parseAccessFile` reads back. */
export function accessLine(entry: {
  readonly name: string;
  readonly grant: Grant;
  readonly digestHex: string;
  readonly expiresAtMs: number | null;
  readonly workload: string | null;
}): string {
  const { name, grant, digestHex, expiresAtMs, workload } = entry;
  const expires = expiresAtMs === null ? [] : [`expires=${new Date(expiresAtMs).toISOString()}`];
  const bound = workload === null ? [] : [`workload=${workload}`];
  return [name, grant, `sha256:${digestHex}`, ...bound, ...expires].join(' ');
}

/** What is wrong with the name of a line; undefined when nothing is. */
export function accessNameProblem(name: string): string | undefined {
  if (NAME.test(name)) return undefined;
  return `name "${name.slice(0, 80)}" must be at most 63 letters, digits, and ._@- inside`;
}

function parseLine([name = '', grant = '', credential = '', ...rest]: string[]): Result<AccessEntry, string> {
  const nameProblem = accessNameProblem(name);
  if (nameProblem !== undefined) return err(nameProblem);
  if (!isGrant(grant)) return err(`grant "${grant}" ${oneOf(grant, GRANTS)}`);
  const proof = parseCredential(credential);
  if (!proof.ok) return proof;
  const options = parseOptions(rest);
  if (!options.ok) return options;
  const { workload = null, services = null, expires = null } = options.value;
  const expiresAtMs = expires === null ? null : Date.parse(expires);
  if (Number.isNaN(expiresAtMs)) return err(`expires "${expires}" is no time: write it as 2027-01-31T00:00:00Z`);
  const problem = bindingProblem(grant, proof.value, workload, services);
  if (problem !== undefined) return err(problem);
  return ok({ name, grant, credential: proof.value, expiresAtMs, workload, services: services?.split(',') ?? null });
}

function parseCredential(text: string): Result<Credential, string> {
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(0, colon));
  const value = text.slice(colon + 1);
  switch (kind) {
    case 'sha256':
      if (!/^[0-9a-f]{64}$/i.test(value))
        return err('sha256 must be followed by the 64 hexadecimal digits of the digest');
      return ok({ kind: 'token', digest: Buffer.from(value, 'hex') });
    case 'cn':
    case 'dns':
    case 'uri':
    case 'email':
      if (value === '') return err(`${kind}: must be followed by the name in the certificate`);
      return ok({ kind: 'certificate', field: kind, value });
    case 'spiffe': {
      const [trustDomain = '', namespace = '', ...more] = value.split('/');
      if (trustDomain === '' || labelProblem('namespace', namespace) !== undefined || more.length > 0)
        return err(`spiffe "${value}" must be TRUST_DOMAIN/NAMESPACE`);
      return ok({ kind: 'spiffe', trustDomain, namespace });
    }
    case 'serviceaccount': {
      const [namespace = '', account = null, ...more] = value.split('/');
      const name = account === null || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(account);
      if (labelProblem('namespace', namespace) !== undefined || !name || more.length > 0)
        return err(`serviceaccount "${value}" must be NAMESPACE, or NAMESPACE/NAME`);
      return ok({ kind: 'service-account', namespace, account });
    }
    default:
      // It may be a token that was put here by mistake: it is not repeated.
      return err(
        `the credential ${oneOf(
          kind,
          CREDENTIALS.map((each) => `${each}:`),
        )}`,
      );
  }
}

function parseOptions(words: readonly string[]): Result<Partial<Record<string, string>>, string> {
  const options: Partial<Record<string, string>> = {};
  for (const word of words) {
    const [, key = '', value = ''] = /^([a-z]*)=(.+)$/.exec(word) ?? [];
    if (!OPTIONS.includes(key))
      return err(
        `option "${word.slice(0, 80)}" ${oneOf(
          key,
          OPTIONS.map((each) => `${each}=`),
        )}`,
      );
    if (options[key] !== undefined) return err(`${key} is there twice`);
    options[key] = value;
  }
  return ok(options);
}

function bindingProblem(
  grant: Grant,
  credential: Credential,
  workload: string | null,
  services: string | null,
): string | undefined {
  const { kind } = credential;
  // Every workload of a namespace, each by its own name.
  const all = kind === 'service-account' && credential.account === null;
  if (grant !== 'workload') {
    if (kind === 'spiffe') return `a spiffe: credential is a workload's, not one to ${grant}`;
    if (all) return `a serviceaccount: credential to ${grant} needs a name: NAMESPACE/NAME`;
    return workload === null && services === null
      ? undefined
      : `workload= and services= are for the grant workload, not ${grant}`;
  }
  if (kind === 'spiffe') return workload === null ? undefined : 'with spiffe: the certificate says the workload';
  if (all && workload === null) return undefined;
  if (all) return 'with workload= a serviceaccount: credential needs a name: NAMESPACE/NAME';
  if (workload === null) return 'the grant workload needs workload=NAME';
  const names = [...(services?.split(',') ?? [])].map((each) => labelProblem('service', each));
  return labelProblem('workload', workload) ?? names.find((each) => each !== undefined);
}

function isGrant(text: string): text is Grant {
  return GRANTS.some((each) => each === text);
}

function oneOf(given: string, names: readonly string[]): string {
  const near = nearest(given, names);
  return `must be one of ${names.join(', ')}${near === undefined ? '' : ` (did you mean ${near}?)`}`;
}
