/**
 * The last lines of a log file, without reading all of it.
 */
import { open } from 'node:fs/promises';

/** So much of the end of a file is looked at. */
const TAIL_BYTES_MAX = 256 * 1024;

/** At most `count` lines, oldest first; none when there is no such file. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES_MAX);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position: size - length });
    const text = buffer.subarray(0, bytesRead).toString();
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    // The first of them may have begun before the part that was read.
    const whole = length < size ? lines.slice(1) : lines;
    return count === 0 ? [] : whole.slice(-count);
  } finally {
    await file.close();
  }
}
