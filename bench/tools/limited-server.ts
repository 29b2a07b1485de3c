/**
 * An application that can do so much and no more: `node bench/tools/limited-server.ts WORKERS SERVICE_MS`. Workers that each
 * do one request at a time, the others wait in line, in the order in which they came and without an end. What clients no
 * longer want is done all the same, as a thread that computes would. Its capacity depends on timers, not on the machine.
 * Prints its port.
 */
import { createServer, type ServerResponse } from 'node:http';

const [workers = 16, serviceMs = 20] = process.argv.slice(2).map(Number);
const line: ServerResponse[] = [];
let idle = workers;

function work(response: ServerResponse): void {
  idle--;
  // Half of it always, the other half as chance has it.
  const tookMs = serviceMs * (0.5 - Math.log(1 - Math.random()) / 2);
  setTimeout(() => {
    idle++;
    response.end('done');
    const next = line.shift();
    if (next !== undefined) work(next);
  }, tookMs);
}

const server = createServer((_, response) => {
  if (idle > 0) work(response);
  else line.push(response);
}).listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
