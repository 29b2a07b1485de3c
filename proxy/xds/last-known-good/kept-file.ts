/**
 * Where the last known good configuration is on disk, and the key that signs it:
 *
 *   <directory>/last-known-good-<node>/   0700, one node's alone
 *     configuration                       0600, replaced as a whole: see kept-text.ts
 *     key                                 0600, 32 random bytes, made once
 *
 * What others could have written is not used: a folder or key with wider rights, a link, a file of another owner.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplacedFile } from '../../../kernel/replaced-file.ts';
import { err, type Result } from '../../../kernel/result.ts';
import { decodeKept, encodeKept, KEPT_BYTES_MAX, KEY_BYTES, type KeptConfiguration } from './kept-text.ts';

const FOLDER_MODE = 0o700;
/** What of a file's rights belongs to anybody but its owner. */
const OTHERS = 0o077;
/** A name that would be longer is replaced by its sum. */
const NAME_CHARS_MAX = 200;

/** See the head of this file. */
export class KeptFile {
  /** Of the configuration, for messages. */
  readonly path: string;
  readonly #nodeId: string;
  readonly #folder: string;
  readonly #file: ReplacedFile;
  #key: Buffer | null = null;

  /** `directory` may be shared with other nodes; it is made when something is saved. */
  constructor(directory: string, nodeId: string) {
    this.#nodeId = nodeId;
    this.#folder = join(directory, `last-known-good-${nameFor(nodeId)}`);
    this.path = join(this.#folder, 'configuration');
    this.#file = new ReplacedFile(this.path, FOLDER_MODE);
  }

  /** The file's contents; null when there is none; the error completes "it is not used, because". Never rejects. */
  async load(): Promise<Result<KeptConfiguration, string> | null> {
    try {
      const problem = await this.#rightsProblem();
      if (problem !== null) return err(problem);
      const text = await readOwn(this.path, KEPT_BYTES_MAX);
      const key = await this.#storedKey();
      if (key === null) return err('its key is missing or cut short: nothing can be said about who wrote it');
      return decodeKept(text.toString('utf8'), this.#nodeId, key);
    } catch (error) {
      return isMissing(error) ? null : err((error as Error).message);
    }
  }

  /** Replaces the file, at once or not at all. Of several in a row the newest is written. Rejects when it cannot be. */
  async save(kept: () => KeptConfiguration): Promise<void> {
    this.#key ??= await this.#makeSigner();
    const key = this.#key;
    await this.#file.write(() => {
      const text = encodeKept(kept(), key);
      if (text.length > KEPT_BYTES_MAX)
        throw new Error(`it would have ${text.length} bytes: at most ${KEPT_BYTES_MAX} are kept`);
      return text;
    });
  }

  /** The key that is there, else a new one. The folder is closed to others first. */
  async #makeSigner(): Promise<Buffer> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const wasOpen = (await this.#rightsProblem()) !== null;
    await chmod(this.#folder, FOLDER_MODE);
    const stored = wasOpen ? null : await this.#storedKey().catch(() => null);
    if (stored !== null) return stored;
    const key = randomBytes(KEY_BYTES);
    await new ReplacedFile(join(this.#folder, 'key'), FOLDER_MODE).write(() => key);
    return key;
  }

  /** Null when there is none, or half of one. */
  async #storedKey(): Promise<Buffer | null> {
    const key = await readOwn(join(this.#folder, 'key'), KEY_BYTES).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    return key?.length === KEY_BYTES ? key : null;
  }

  /** Why nothing in the folder can be trusted; null when it can. Rejects when there is no folder. */
  async #rightsProblem(): Promise<string | null> {
    const { mode, uid } = await lstat(this.#folder);
    if ((mode & OTHERS) !== 0) return `others may enter ${this.#folder}: its mode is ${octal(mode)}, and must be 700`;
    for (const name of ['configuration', 'key']) {
      const path = join(this.#folder, name);
      const each = await lstat(path).catch(() => null);
      if (each === null) continue;
      if (!each.isFile()) return `${path} is no plain file`;
      if (each.uid !== uid) return `${path} belongs to user ${each.uid}, its folder to ${uid}`;
      if ((each.mode & OTHERS) !== 0)
        return `others may read ${path}: its mode is ${octal(each.mode)}, and must be 600`;
    }
    return null;
  }
}

/** Reads a file that is no link and not larger than that. */
async function readOwn(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > bytesMax) throw new Error(`${path} has ${size} bytes: at most ${bytesMax} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Node ids may hold anything; file names may not. */
function nameFor(nodeId: string): string {
  const name = encodeURIComponent(nodeId);
  return name.length <= NAME_CHARS_MAX ? name : createHash('sha256').update(nodeId).digest('hex');
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
