// Greets.
import { createServer } from 'node:http';

const [greeting = 'hello'] = process.argv.slice(2);
createServer((_request, response) => response.end(greeting)).listen(8080);
process.on('SIGTERM', () => process.exit(0));
