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
 * Settings for one command line (without node and script). Compiled code is kept in `cacheFolder` from one start to the
 * next, where it can be written; nothing depends on it.
 */
function prepare(argv, cacheFolder) {
  // The flags come first: code that was compiled with others is not taken from the cache.
  if (argv[0] === 'proxy') {
    for (const name of BUILT_IN) require(`node:${name}`);
    for (const flag of SIDECAR_FLAGS) v8.setFlagsFromString(flag);
  }
  nodeModule.enableCompileCache(cacheFolder);
}

module.exports = { prepare };
