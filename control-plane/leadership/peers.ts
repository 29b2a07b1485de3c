/**
 * Asking the other control planes directly, for when the store does not answer.
 */
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import type { ServerTrust } from '../orchestrator/driver/process/sidecar-access.ts';
import type { Candidate } from './candidate.ts';

const ASK_MS = 500;

/** Asks whether a control plane leads. The function that is returned never rejects: no answer is no. */
export function askWhetherLeading(trust: ServerTrust | null): (candidate: Candidate) => Promise<boolean> {
  return async ({ http }) => {
    try {
      const { role } = JSON.parse(await get(`${http}/readyz`, trust)) as { readonly role?: string };
      return role === 'leading';
    } catch {
      return false;
    }
  };
}

/** The first of the others that says that it leads; null when none does. `isLeading` never rejects. */
export async function elsewhere(
  members: readonly Candidate[],
  self: Candidate,
  isLeading: (candidate: Candidate) => Promise<boolean>,
): Promise<Candidate | null> {
  const others = members.filter(({ id }) => id !== self.id);
  const answers = await Promise.all(others.map(isLeading));
  return others.find((_, index) => answers[index]) ?? null;
}

function get(url: string, trust: ServerTrust | null): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { timeout: ASK_MS, agent: false, ...(trust === null ? {} : tlsOptions(trust)) } as const;
  const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (body += chunk));
    response.once('end', () => resolve(body));
    response.once('error', reject);
  });
  request.once('timeout', () => request.destroy(new Error(`no answer within ${ASK_MS} ms`)));
  request.once('error', reject);
  request.end();
  return promise;
}

/** The name in the certificate is the one that sidecars expect, whatever the address is. */
function tlsOptions({ authorities, name }: ServerTrust) {
  const ca = authorities === null ? {} : { ca: readFileSync(authorities) };
  return {
    ...ca,
    checkServerIdentity: (host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(name?.value ?? host, certificate),
  };
}
