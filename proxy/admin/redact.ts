/**
 * Secrets have no place in a dump, nor has an environment, which often holds some: as in Envoy, every text below one of
 * these fields is replaced. Whether there is one, and of which kind, stays visible.
 */
import type { Json } from '../../protos/json/write-json.ts';

const SECRETS = new Set(['private_key', 'password', 'pkcs12', 'session_ticket_keys', 'generic_secret', 'environment']);
const REDACTED = '[redacted]';
/** The same, for fields that hold bytes and are written in base64. */
const REDACTED_BYTES = Buffer.from(REDACTED).toString('base64');

/** A copy of a dump without secrets. */
export function redact(json: Json, secret = false): Json {
  if (typeof json === 'string') return secret ? REDACTED : json;
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => redact(each, secret));
  const copy: Record<string, Json> = {};
  for (const [name, value] of Object.entries(json)) {
    const below = secret || SECRETS.has(name);
    copy[name] = below && name === 'inline_bytes' ? REDACTED_BYTES : redact(value as Json, below && name !== '@type');
  }
  return copy;
}
