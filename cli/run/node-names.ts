/**
 * What a Node application is started with so that it finds names of the mesh where nobody redirects its questions: a module
 * for `--require`. `dns.resolve` asks the sidecar for everything, `dns.lookup`, and so `net.connect` and `fetch`, for names of
 * one label and those that end in `.mesh`; the C library has the last word on both.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** CommonJS for any Node since 18. OUTRIDER_DNS is host and port. */
const MODULE = `'use strict';
const dns = require('node:dns');
const { isIP } = require('node:net');
const server = process.env.OUTRIDER_DNS;
if (server) {
  dns.setServers([server]);
  const resolver = new dns.Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([server]);
  const original = dns.lookup;
  const ours = (name) => typeof name === 'string' && isIP(name) === 0 && /^(?!localhost$)[^.]+$|\\.mesh\\.?$/i.test(name);
  const lookup = function lookup(name, options, callback) {
    const done = typeof options === 'function' ? options : callback;
    const { family = 0, all = false } = typeof options === 'number' ? { family: options } : Object(options);
    if (!ours(name) || typeof done !== 'function' || family === 6 || family === 'IPv6') return original.apply(dns, arguments);
    const again = arguments;
    resolver.resolve4(name, (error, addresses) => {
      if (error || addresses.length === 0) original.apply(dns, again);
      else if (all) done(null, addresses.map((address) => ({ address, family: 4 })));
      else done(null, addresses[0], 4);
    });
    return {};
  };
  for (const symbol of Object.getOwnPropertySymbols(original)) lookup[symbol] = original[symbol];
  dns.lookup = lookup;
  const originalPromise = dns.promises.lookup;
  dns.promises.lookup = (name, options) =>
    ours(name)
      ? new Promise((resolve, reject) => {
          lookup(name, typeof options === 'number' ? { family: options } : { ...options }, (error, address, family) =>
            error ? reject(error) : resolve(Array.isArray(address) ? address : { address, family }));
        })
      : originalPromise(name, options);
  require('node:module').syncBuiltinESMExports();
}
`;

/** Writes it into the folder; the variables that make it count, on top of what the application's own say. */
export function nodeNames(directory: string, dns: string, own: string | undefined): Record<string, string> {
  const file = join(directory, 'names.cjs');
  writeFileSync(file, MODULE, { mode: 0o600 });
  const require = `--require ${JSON.stringify(file)}`;
  return { OUTRIDER_DNS: dns, NODE_OPTIONS: own === undefined || own === '' ? require : `${own} ${require}` };
}
