/**
 * What has to be settled before anything of ours is loaded, by the launcher and by the bundle alike. CommonJS, because
 * the launcher is.
 */
'use strict';

const nodeModule = require('node:module');
const v8 = require('node:v8');

/**
 * A sidecar stands beside every process, so what it holds counts more than what it takes to warm up; what a request costs
 * once it is warm stays the same. docs/decisions/small-sidecars.md has the figures.
 */
const SIDECAR_FLAGS = [
  // Young objects live for one request; they fit into the first megabyte, and more of it would only stay resident.
  '--semi-space-growth-factor=1',
  // The middle compiler costs 5 MB, for itself and for what it makes of functions that TurboFan compiles a moment later.
  '--no-maglev',
  // In its place TurboFan comes sooner: after 500 calls instead of 3,000, about when Maglev would have come.
  '--invocation-count-for-turbofan=500',
  // Until it serves, see proxy/main.ts: optimizing what runs once makes the compiler's 4 MB resident before a request came.
  '--no-opt',
];

/**
 * Node's own modules that a sidecar loads before it serves. They come compiled with Node, for V8 as Node starts it: behind
 * the flags each would be compiled anew, which takes 30 ms in all. (`cluster` is what a listening socket asks for.)
 */
const BUILT_IN = ['net', 'http', 'cluster'];

/**
 * A control plane's young objects die with the push they were made for, and V8 lets their space grow to twice 16 MB, of which
 * it gives little back. With twice 8 a control plane of 1,000 sidecars holds 210 to 280 MB instead of 290 to 345 and
 * computes no longer for it.
 */
const CONTROL_PLANE_FLAG = '--max-semi-space-size';
const CONTROL_PLANE_YOUNG_MB = 8;

/**
 * Starts this process over (same id, same streams) with what Node and the C library read when they start and never again:
 * it takes 45 ms, which a sidecar has not got and a control plane has. Does nothing the second time, where somebody chose
 * the size himself, where a parent talks to us over Node's own channel, and where the system cannot do it.
 */
function startOver() {
  const { NODE_OPTIONS = '', NODE_CHANNEL_FD } = process.env;
  const isChosen =
    NODE_OPTIONS.includes(CONTROL_PLANE_FLAG) ||
    process.execArgv.some((argument) => argument.startsWith(CONTROL_PLANE_FLAG));
  if (isChosen || NODE_CHANNEL_FD !== undefined || process.execve === undefined || process.platform === 'win32') return;
  const argv = [
    process.execPath,
    `${CONTROL_PLANE_FLAG}=${CONTROL_PLANE_YOUNG_MB}`,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  try {
    process.execve(process.execPath, argv, { MALLOC_ARENA_MAX: '1', ...process.env });
  } catch {
    // It runs as well without, only larger.
  }
}

/**
 * Settings for one command line (without node and script). Compiled code is kept in `cacheFolder` from one start to the
 * next, where it can be written; nothing depends on it.
 */
function prepare(argv, cacheFolder) {
  if (argv[0] === 'control-plane') startOver();
  // The flags come first: code that was compiled with others is not taken from the cache.
  if (argv[0] === 'proxy') {
    for (const name of BUILT_IN) require(`node:${name}`);
    for (const flag of SIDECAR_FLAGS) v8.setFlagsFromString(flag);
  }
  nodeModule.enableCompileCache(cacheFolder);
}

module.exports = { prepare };
