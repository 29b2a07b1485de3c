// Asks for http://127.0.0.1:8080/ 40 times a second until it is told to end, then prints what became of that.
const failures = [];
const pending = new Set();
let answered = 0;

async function ask() {
  try {
    const answer = await fetch('http://127.0.0.1:8080/load');
    const text = await answer.text();
    if (answer.status === 200) answered++;
    else failures.push(`${answer.status} ${text}`);
  } catch (error) {
    failures.push(String(error.cause ?? error));
  }
}

const timer = setInterval(() => {
  const one = ask().finally(() => pending.delete(one));
  pending.add(one);
}, 25);
process.on('SIGTERM', async () => {
  clearInterval(timer);
  await Promise.all(pending);
  console.log(JSON.stringify({ answered, failures }));
  process.exit(0);
});
