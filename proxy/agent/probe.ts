/** One look at the local application: an HTTP request, a TCP connection, or a gRPC health check on 127.0.0.1; or a program. */
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import type { Timers } from '../../kernel/timers.ts';
import type { ApplicationCheck, ApplicationProbe } from '../bootstrap/bootstrap.ts';
import { probeCommand } from './probe-command.ts';
import { probeGrpc } from './probe-grpc.ts';

/** Resolves with null when the application is well, or with a sentence that says what is not. Never rejects. */
export type Probe = () => Promise<string | null>;

const HOST = '127.0.0.1';

/** What a probe needs of its check. */
export type ProbedCheck = Pick<ApplicationCheck, 'probe' | 'port' | 'timeoutMs'>;

/** The probe that the check asks for. */
export function createProbe(check: ProbedCheck, timers: Timers): Probe {
  const { probe } = check;
  switch (probe.kind) {
    case 'http':
      return () => probeHttp(check, probe, timers);
    case 'tcp':
      return () => probeTcp(check);
    case 'grpc':
      return () => probeGrpc(HOST, check.port, probe.service, check.timeoutMs, timers);
    case 'command':
      return () => probeCommand(probe, check.timeoutMs, timers);
  }
}

type HttpLook = Extract<ApplicationProbe, { kind: 'http' }>;

/** Any status from 200 to 399 is well. A connection of its own each time: that the application accepts is part of it. */
function probeHttp(
  { port, timeoutMs }: ProbedCheck,
  { path, tls, headers: own }: HttpLook,
  timers: Timers,
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const place = `${tls ? 'https' : 'http'}://${HOST}:${port}${path}`;
  const headers = { 'user-agent': 'outrider-health-check', ...own };
  const options = { host: HOST, port, path, headers, agent: false, rejectUnauthorized: false } as const;
  const probe = tls ? requestTls(options) : request(options);
  const timer = timers.after(timeoutMs, () => {
    resolve(`${place} did not answer within ${timeoutMs} ms`);
    probe.destroy();
  });
  probe.on('response', (response) => {
    const { statusCode = 0 } = response;
    resolve(statusCode >= 200 && statusCode < 400 ? null : `${place} answered ${statusCode}`);
    // The rest is read, because a connection that is cut would be an error in the application's log.
    response.resume();
  });
  probe.on('error', (error) => resolve(`${place}: ${error.message}`));
  probe.on('close', () => timer.cancel());
  probe.end();
  return promise;
}

/** An accepted connection is well. */
function probeTcp({ port, timeoutMs }: ProbedCheck): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const place = `${HOST}:${port}`;
  const socket = connect({ host: HOST, port });
  const finish = (problem: string | null) => {
    socket.destroy();
    resolve(problem);
  };
  socket.setTimeout(timeoutMs, () => finish(`${place} did not accept a connection within ${timeoutMs} ms`));
  socket.on('connect', () => finish(null));
  socket.on('error', (error) => finish(`${place}: ${error.message}`));
  return promise;
}
