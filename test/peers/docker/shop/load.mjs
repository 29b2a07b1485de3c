// Asks http://127.0.0.1:8080/ 40 times a second until it is told to end, then prints what became of that. Half of it may be
// done once only, and so is not tried again by anybody.
const failures = [];
const pending = new Set();
let answered = 0;

async function ask(method) {
  try {
    const answer = await fetch('http://127.0.0.1:8080/load', { method });
    const text = await answer.text();
    if (answer.status === 200) answered++;
    else failures.push(`${method}: ${answer.status} ${text}`);
  } catch (error) {
    failures.push(`${method}: ${error.cause ?? error}`);
  }
}

let turn = 0;
const timer = setInterval(() => {
  const one = ask(turn++ % 2 === 0 ? 'GET' : 'POST').finally(() => pending.delete(one));
  pending.add(one);
}, 25);
process.on('SIGTERM', async () => {
  clearInterval(timer);
  await Promise.all(pending);
  console.log(JSON.stringify({ answered, failures }));
  process.exit(0);
});
