/** One look at the local application: an HTTP request or a TCP connection to 127.0.0.1. */
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Timers } from '../../kernel/timers.ts';
import type { ApplicationCheck } from '../bootstrap/bootstrap.ts';

/** Resolves with null when the application is well, or with a sentence that says what is not. Never rejects. */
export type Probe = () => Promise<string | null>;

const HOST = '127.0.0.1';

/** The probe that the check asks for. */
export function createProbe(check: ApplicationCheck, timers: Timers): Probe {
  return check.httpPath === null ? () => probeTcp(check) : () => probeHttp(check, check.httpPath ?? '/', timers);
}

/** Any status from 200 to 399 is well. A connection of its own each time: that the application accepts is part of it. */
function probeHttp({ port, timeoutMs }: ApplicationCheck, path: string, timers: Timers): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const place = `http://${HOST}:${port}${path}`;
  const headers = { 'user-agent': 'outrider-health-check' };
  const probe = request({ host: HOST, port, path, headers, agent: false });
  const finish = (problem: string | null) => {
    timer.cancel();
    resolve(problem);
    probe.destroy();
  };
  const timer = timers.after(timeoutMs, () => finish(`${place} did not answer within ${timeoutMs} ms`));
  probe.on('response', ({ statusCode = 0 }) => {
    finish(statusCode >= 200 && statusCode < 400 ? null : `${place} answered ${statusCode}`);
  });
  probe.on('error', (error) => finish(`${place}: ${error.message}`));
  probe.end();
  return promise;
}

/** An accepted connection is well. */
function probeTcp({ port, timeoutMs }: ApplicationCheck): Promise<string | null> {
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
