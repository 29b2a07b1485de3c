/**
 * The text of a last-known-good file. PURE.
 *
 *   line 1   {"format":2,"nodeId":"...","hmac":"<HMAC-SHA256 of format, node and all that follows>"}
 *   rest     {"writtenAtMs":...,"resources":[{"typeUrl","version","value":"<base64>"}]}
 *
 * The first line is read before the key is asked for, so that a file of an older format or of another node is told apart
 * from an altered one. The node is part of what is signed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../../../kernel/result.ts';
import { MESSAGE_BYTES_MAX } from '../../../protos/contract/limits.ts';
import type { AnyMessage } from '../../../protos/json/registry.ts';

/** A resource with the version it came with. */
export interface KeptResource {
  readonly version: string;
  readonly any: AnyMessage;
}

/** What the file holds. */
export interface KeptConfiguration {
  /** When a control plane last stood behind it, milliseconds since 1970. */
  readonly writtenAtMs: number;
  /** Whose it is: another node's is of no use. */
  readonly nodeId: string;
  readonly resources: readonly KeptResource[];
}

/** The largest file that is written or read, in bytes: base64 of a few of the largest messages that there can be. */
export const KEPT_BYTES_MAX = 6 * MESSAGE_BYTES_MAX;

/** Bytes of a key. */
export const KEY_BYTES = 32;

const FORMAT = 2;

/** The file's text. */
export function encodeKept({ writtenAtMs, nodeId, resources }: KeptConfiguration, key: Uint8Array): string {
  const entries = resources.map(({ version, any: { typeUrl, value } }) => {
    return { typeUrl, version, value: Buffer.from(value).toString('base64') };
  });
  const body = `${JSON.stringify({ writtenAtMs, resources: entries })}\n`;
  const hmac = signatureOf(nodeId, body, key).toString('hex');
  return `${JSON.stringify({ format: FORMAT, nodeId, hmac })}\n${body}`;
}

/** Reads the file's text for that node; the error completes "it is not used, because". */
export function decodeKept(text: string, nodeId: string, key: Uint8Array): Result<KeptConfiguration, string> {
  const cut = text.indexOf('\n') + 1;
  const head = objectIn(text.slice(0, cut));
  if (head === null) return err('its first line cannot be read: it is no such file, or was cut short');
  if (head.format !== FORMAT) return err(`its format is ${JSON.stringify(head.format)}: only ${FORMAT} is known`);
  if (head.nodeId !== nodeId) return err(`it is of node ${JSON.stringify(head.nodeId)}: this is "${nodeId}"`);
  const body = text.slice(cut);
  const signature = Buffer.from(typeof head.hmac === 'string' ? head.hmac : '', 'hex');
  const expected = signatureOf(nodeId, body, key);
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected))
    return err('its signature is wrong: it was altered, cut short, or signed with another key');
  // Only we can have signed it, so it is as we wrote it.
  const { writtenAtMs, resources } = JSON.parse(body) as {
    writtenAtMs: number;
    resources: { typeUrl: string; version: string; value: string }[];
  };
  const kept = resources.map(({ typeUrl, version, value }) => {
    return { version, any: { typeUrl, value: Buffer.from(value, 'base64') } };
  });
  return ok({ writtenAtMs, nodeId, resources: kept });
}

function signatureOf(nodeId: string, body: string, key: Uint8Array): Buffer {
  const head = `outrider last known good\n${FORMAT}\n${JSON.stringify(nodeId)}\n`;
  return createHmac('sha256', key).update(head).update(body).digest();
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
