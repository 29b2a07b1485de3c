/**
 * The webhook's HTTPS server. Settings and certificate are read again when they change; a broken one leaves the old one in
 * use. Connections that are open keep the certificate that they began with.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import { hostPortText } from '../../kernel/host-port.ts';
import type { Logger } from '../../kernel/log.ts';
import { MetricsRegistry } from '../../kernel/metrics.ts';
import { err, type Result } from '../../kernel/result.ts';
import type { Timers } from '../../kernel/timers.ts';
import { parseInjectionSettings } from '../injection/settings.ts';
import { serverCertificate } from '../security/server-certificate.ts';
import { WatchedFiles } from '../security/watched-files.ts';
import { type WebhookCounts, webhookMetrics } from './metrics.ts';
import type { WebhookOptions } from './options.ts';
import { answerReview } from './review.ts';

/** Largest review that is read: a pod has at most 1.5 MB in etcd, and a review may have it twice. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** A whole request, and its head; an API server waits for 10 s, or 30 s where it is told to. */
const REQUEST_MS = 30_000;
const HEAD_MS = 10_000;
/** Above the API server's, which keeps connections for 90 s: whoever closes first must not be the one who is asked. */
const KEEP_ALIVE_MS = 120_000;
const CONNECTIONS_MAX = 1_000;

/** What it needs. */
export interface WebhookDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** A webhook that serves. */
export interface Webhook {
  /** Host and port. */
  readonly address: string;
  /** Finishes what is asked, and ends. */
  stop(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Starts it. Rejects with a sentence when a file is wrong or the address cannot be had. */
export async function startWebhook(options: WebhookOptions, deps: WebhookDeps): Promise<Webhook> {
  const { clock, logger } = deps;
  const files = { certificate: options.certificate, key: options.key, clientAuthorities: null };
  const settings = new WatchedFiles(
    { what: 'the settings', paths: [options.settings], read: ([text = null]) => readSettings(options.settings, text) },
    deps,
  );
  let certificate: ReturnType<typeof watchCertificate>;
  try {
    certificate = watchCertificate();
  } catch (cause) {
    settings.close();
    throw cause;
  }

  function watchCertificate() {
    return new WatchedFiles(
      {
        what: 'the certificate',
        paths: [files.certificate, files.key],
        read: (texts: readonly (string | null)[]) => serverCertificate(files, texts, clock),
        onChange: ({ context }) => server.setSecureContext(context),
      },
      deps,
    );
  }

  const counts: WebhookCounts = { reviews: new Map(), bad: new Map(), busyMs: 0 };
  const metrics = new MetricsRegistry();
  metrics.register(webhookMetrics(counts, [settings, certificate], () => certificate.value.expiresAtMs));
  let stopping = false;

  const inject = async (incoming: IncomingMessage): Promise<Reply> => {
    if (incoming.method !== 'POST') return text(405, 'POST an AdmissionReview');
    const body = await read(incoming);
    if (!body.ok) return text(413, body.error);
    const startedMs = clock.nowMs();
    const answer = answerReview(body.value, settings.value);
    counts.busyMs += clock.nowMs() - startedMs;
    if (!answer.ok) {
      logger.warn({ problem: answer.error }, 'what was asked is no review of a pod');
      return text(400, answer.error);
    }
    const { outcome, pod, problem, review } = answer.value;
    counts.reviews.set(outcome, (counts.reviews.get(outcome) ?? 0) + 1);
    if (problem !== null) logger.warn({ pod, problem }, 'pod refused');
    else logger.info({ pod, outcome }, 'pod asked about');
    return { status: 200, type: 'application/json', body: JSON.stringify(review) };
  };
  const page = async (incoming: IncomingMessage): Promise<Reply> => {
    switch (incoming.url?.split('?')[0]) {
      case '/inject': {
        const reply = await inject(incoming);
        if (reply.status !== 200) counts.bad.set(reply.status, (counts.bad.get(reply.status) ?? 0) + 1);
        return reply;
      }
      case '/healthz':
        return text(200, 'ok');
      case '/readyz':
        return stopping ? text(503, 'it is stopping') : text(200, 'ok');
      case '/metrics': {
        const { contentType, body } = await metrics.expose();
        return { status: 200, type: contentType, body };
      }
      default:
        return text(404, 'there are /inject, /healthz, /readyz and /metrics');
    }
  };
  const server = createServer({ ...certificate.value.context }, (incoming, outgoing) => {
    page(incoming).then(
      (reply) => send(outgoing, reply, stopping),
      (error: unknown) => {
        // Its client went away, in the middle of its question.
        if (incoming.destroyed && !incoming.complete) return;
        logger.error({ err: error }, 'a request failed');
        send(outgoing, text(500, 'the webhook failed; its log says how'), true);
      },
    );
  });
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = HEAD_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  server.on('tlsClientError', ({ message }) => logger.debug({ message }, 'a handshake failed'));
  const close = () => {
    settings.close();
    certificate.close();
  };
  try {
    server.listen(options.listen.port, options.listen.host);
    await once(server, 'listening');
  } catch (cause) {
    close();
    throw new Error(`cannot listen on ${hostPortText(options.listen)}: ${(cause as Error).message}`, { cause });
  }
  const address = hostPortText({ host: options.listen.host, port: (server.address() as AddressInfo).port });
  return {
    address,
    stop: async () => {
      stopping = true;
      close();
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
  };
}

function readSettings(path: string, content: string | null): ReturnType<typeof parseInjectionSettings> {
  if (content === null) return err(`${path} cannot be read`);
  const parsed = parseInjectionSettings(content);
  return parsed.ok ? parsed : err(`${path}: ${parsed.error.replaceAll('\n', '; ')}`);
}

async function read(incoming: IncomingMessage): Promise<Result<string, string>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return err(`the body has more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return { ok: true, value: Buffer.concat(chunks).toString('utf8') };
}

function text(status: number, body: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function send(outgoing: ServerResponse, { status, type, body }: Reply, last: boolean): void {
  const more = last || status === 413 ? { connection: 'close' } : {};
  outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...more });
  outgoing.end(body);
}
