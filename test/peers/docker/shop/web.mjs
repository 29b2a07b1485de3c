// Asks the catalog by its Compose name, as it would without a mesh; tells who has asked it.
import { createServer } from 'node:http';

createServer(async ({ method, url, headers }, response) => {
  try {
    const answer = await fetch(`http://catalog${url}`, { method });
    response.statusCode = answer.status;
    response.end(JSON.stringify({ caller: headers['x-forwarded-for'], catalog: await answer.json() }));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error.cause ?? error));
  }
}).listen(8080, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
