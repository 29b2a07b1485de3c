/** The settings as a file, `{"KEY": "value"}`, replaced at once: a reader sees the old one or the new one. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** See the head of this file. */
export class SettingsFile {
  readonly #path: string;
  #next: string | null = null;
  #writing: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Replaces the file; of several calls in a row the last one counts. Rejects when it cannot be written. */
  write(values: Readonly<Record<string, string>>): Promise<void> {
    this.#next = `${JSON.stringify(values, null, 2)}\n`;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== null) {
      const text = this.#next;
      this.#next = null;
      await mkdir(dirname(this.#path), { recursive: true });
      const temporary = `${this.#path}.new`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    }
  }
}
