// Dials its neighbours by their Compose names, and knows nothing of a mesh.
import { createServer } from 'node:http';
import { connect } from 'node:net';

/** Redis' own protocol: one line there, one line back. */
function count() {
  return new Promise((resolve, reject) => {
    const socket = connect(6379, 'counter', () => socket.write('INCR visits\r\n'));
    socket.setTimeout(5_000, () => socket.destroy(new Error('the counter does not answer')));
    socket.once('data', (line) => {
      resolve(String(line).slice(1).trim());
      socket.end();
    });
    socket.once('error', reject);
  });
}

createServer(async (_request, response) => {
  try {
    const [greeting, visits] = await Promise.all([
      fetch('http://greeter:8080/').then((answer) => answer.text()),
      count(),
    ]);
    response.end(`${greeting}, visitor ${visits}!\n`);
  } catch (error) {
    response.statusCode = 502;
    response.end(`${error.cause ?? error}\n`);
  }
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));
