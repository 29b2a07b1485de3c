/** `/certs`: the certificates that listeners present, with their names and how long they are good. */
import { nodeCrypto } from '../../kernel/lazy-crypto.ts';
import { subjectNames } from '../../kernel/subject-names.ts';
import { filterChainsOf } from '../config/filter-chains.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import { resolveTls, type Secrets } from '../config/resolve-tls.ts';
import { type AdminEndpoint, jsonReply } from './admin-endpoint.ts';
import type { AdminViews } from './views.ts';

const DAY_MS = 86_400_000;

/** The endpoint over the certificates of these listeners. `wallMs` is now, milliseconds since 1970. */
export function certsEndpoint(views: Pick<AdminViews, 'listeners' | 'secrets'>, wallMs: () => number): AdminEndpoint {
  return {
    path: '/certs',
    help: 'print certs on machine',
    handle: () => {
      const pems = new Set(views.listeners().flatMap(({ config }) => chainsOf(config, views.secrets())));
      const nowMs = wallMs();
      return jsonReply({ certificates: [...pems].map((pem) => ({ cert_chain: [describe(pem, nowMs)] })) });
    },
  };
}

function chainsOf(listener: ListenerConfig, secrets: Secrets): string[] {
  return filterChainsOf(listener).flatMap(({ tls }) => {
    const resolved = tls === null ? null : resolveTls(tls, secrets);
    return resolved?.ok ? resolved.value.certificates.map(({ chainPem }) => chainPem) : [];
  });
}

function describe(pem: string, nowMs: number): unknown {
  const certificate = new (nodeCrypto().X509Certificate)(pem);
  const untilMs = Date.parse(certificate.validTo);
  return {
    path: '<inline>',
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: alternativeNames(certificate.subjectAltName),
    days_until_expiration: String(Math.max(0, Math.floor((untilMs - nowMs) / DAY_MS))),
    valid_from: new Date(Date.parse(certificate.validFrom)).toISOString(),
    expiration_time: new Date(untilMs).toISOString(),
  };
}

function alternativeNames(text: string | undefined): unknown[] {
  const fields: Readonly<Record<string, string>> = { dns: 'dns', ip: 'ip_address', uri: 'uri' };
  return subjectNames(text).flatMap(({ kind, value }) =>
    fields[kind] === undefined ? [] : [{ [fields[kind]]: value }],
  );
}
