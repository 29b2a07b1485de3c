/** The images of a test in containers: ours as the Dockerfile has them, and those of applications that know nothing of us. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtBundle, ok } from '../namespaces.ts';
import type { DockerEngine } from './engine.ts';

const repository = (file: string) => fileURLToPath(new URL(`../../../${file}`, import.meta.url));
const PYTHON = '/usr/bin/python3';

/** Builds and imports `outrider` and `outrider-init`, with what the Dockerfile says of each. */
export function importOwnImages(engine: DockerEngine): void {
  const dist = path.dirname(builtBundle());
  const root = path.join(engine.dir, 'root');
  const init = path.join(engine.dir, 'init');
  ok('sh', repository('deploy/image-root.sh'), root, dist, process.execPath);
  ok('cp', '-a', root, init);
  ok('sh', repository('deploy/init-root.sh'), init);
  const stages = finalStages();
  engine.importImage('outrider', root, stages.get('')!);
  engine.importImage('outrider-init', init, stages.get('init')!);
}

/** The instructions of the Dockerfile's images from scratch, by the name of their stage; the last one has none. */
function finalStages(): ReadonlyMap<string, readonly string[]> {
  const [, ...stages] = readFileSync(repository('Dockerfile'), 'utf8').split(/^FROM scratch/m);
  return new Map(
    stages.map((stage) => {
      const [head, ...lines] = stage.split('\n');
      const end = lines.findIndex((line) => line.startsWith('FROM '));
      const own = end < 0 ? lines : lines.slice(0, end);
      return [head!.replace(/^ AS /, ''), own.filter((line) => /^(USER|WORKDIR|ENV|ENTRYPOINT|CMD) /.test(line))];
    }),
  );
}

/** Imports `shop-node`, `shop-python` and `shop-busybox`, each with its language and the files of shop/ in /srv. */
export function importShopImages(engine: DockerEngine): void {
  const folder = (name: string) => path.join(engine.dir, name);
  ok('sh', '-c', ROOT, '-', folder('python'), PYTHON, PYTHON);
  const stdlib = ok(PYTHON, '-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))').trim();
  mkdirSync(path.dirname(folder('python') + stdlib), { recursive: true });
  const skipped = /\/(test|dist-packages|site-packages|ensurepip|idlelib|__pycache__|config-.*)$/;
  cpSync(stdlib, folder('python') + stdlib, { recursive: true, filter: (source) => !skipped.test(source) });
  ok('sh', '-c', ROOT, '-', folder('busybox'), ok('sh', '-c', 'command -v busybox').trim(), '/bin/busybox');
  const shop = repository('test/peers/docker/shop');
  for (const name of ['python', 'busybox']) {
    cpSync(shop, path.join(folder(name), 'srv'), { recursive: true });
    engine.importImage(`shop-${name}`, folder(name), ['ENV PATH=/bin:/usr/bin']);
  }
  // Node is in our image already, and it is large.
  const node = 'FROM outrider\nUSER 0\nENTRYPOINT []\nENV PATH=/bin\nCOPY . /srv\n';
  writeFileSync(folder('Dockerfile'), node);
  engine.ask('build', '--quiet', '--tag', 'shop-node', '--file', folder('Dockerfile'), shop);
}

/** A root with one program and its libraries: FOLDER PROGRAM PLACE. */
const ROOT = `set -e
mkdir -p "$1$(dirname "$3")" "$1/etc" "$1/tmp"
cp -L "$2" "$1$3"
{ ldd "$2" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$1$(dirname "$library")"
  cp -L "$library" "$1$library"
done
for each in /lib/x86_64-linux-gnu/libnss_dns.so.2 /lib/x86_64-linux-gnu/libz.so.1 /lib/x86_64-linux-gnu/libexpat.so.1; do
  if [ -e "$each" ]; then mkdir -p "$1$(dirname "$each")"; cp -L "$each" "$1$each"; fi
done
echo 'root:x:0:0::/:/none' > "$1/etc/passwd"
`;
