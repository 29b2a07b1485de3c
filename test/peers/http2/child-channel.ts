/** Node's channel to a child process that works to order: the next thing that it says, and its end. */
import type { ChildProcess } from 'node:child_process';

/** Rejects when the child, which errors call `who`, cannot be started or ends without saying anything. */
export function nextMessage<Message>(child: ChildProcess, who: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${who}: the process has ended with code ${code}`));
    child.once('error', reject);
    child.once('exit', onExit);
    child.once('message', (message: Message) => {
      child.off('error', reject);
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

/** Resolves when the child, for which the end of the channel is the order to end, has ended. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (!child.connected) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  await exited;
}
