/** What is measured of Outrider: the bundle, as the image and `npm start` run it, built from the sources at hand. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../paths.ts';

/** The bundle of this checkout. */
export class OutriderBundle {
  #found: { readonly path: string } | { readonly missing: string } | undefined;

  /** Builds it at the first call, so that a bench never measures an older one. */
  find(): { readonly path: string } | { readonly missing: string } {
    this.#found ??= build();
    return this.#found;
  }
}

function build(): { readonly path: string } | { readonly missing: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'deploy', 'build.ts')], { encoding: 'utf8' });
  if (status === 0) return { path: join(ROOT, 'dist', 'outrider.cjs') };
  return { missing: `npm run build fails: ${stderr.trim().split('\n')[0] ?? ''}` };
}
