/** Folders for tests whose processes are still at work when the test ends. */
import type { Test } from 'tap';

/**
 * A folder with these files (tap's `testdir`), which goes after all that is done at the end of the test. tap removes it
 * before, where nothing was registered when it was made: a control plane without its records leaves its workloads behind.
 */
export function testFolder(t: Test, files: Parameters<Test['testdir']>[0] = {}): string {
  t.teardown(() => {});
  return t.testdir(files);
}
