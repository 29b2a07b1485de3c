/**
 * A file that is replaced as a whole: a reader sees the old contents or the new ones, also after a crash. Written beside
 * the place, synced, and renamed; then its folder is synced, or a crash could take the new name back. Readable by its
 * owner only, since what is kept may hold secrets.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export class ReplacedFile {
  readonly #path: string;
  readonly #folderMode: number;
  #next: (() => string | Uint8Array) | null = null;
  #writing: Promise<void> | null = null;

  /** Missing folders above `path` are made at the first write, with these rights. */
  constructor(path: string, folderMode = 0o777) {
    this.#path = path;
    this.#folderMode = folderMode;
  }

  /** Replaces the contents; of several calls in a row the last one counts. Rejects when it cannot be written. */
  write(text: () => string | Uint8Array): Promise<void> {
    this.#next = text;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== null) {
      const text = this.#next();
      this.#next = null;
      const folder = dirname(this.#path);
      await mkdir(folder, { recursive: true, mode: this.#folderMode });
      const temporary = `${this.#path}.new`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
      await syncFolder(folder);
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
