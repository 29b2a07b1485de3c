/**
 * The `outrider` command: finds what to run and loads no more than that. A sidecar loads the proxy alone, and a
 * control plane is spared the command line's own libraries.
 */

/** Runs one command line (without node and script) to its end; resolves with the exit code, see errors.ts. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'proxy': {
      const { runProxy } = await import('../proxy/main.ts');
      return runProxy(rest);
    }
    case 'control-plane': {
      const { runControlPlane } = await import('../control-plane/main.ts');
      return runControlPlane(rest);
    }
    case 'webhook': {
      const { runWebhook } = await import('../control-plane/webhook/main.ts');
      return runWebhook(rest);
    }
    case 'run': {
      const { runBeside } = await import('./run/main.ts');
      return runBeside(rest);
    }
    case 'sidecar': {
      const { runSidecar } = await import('./sidecar/main.ts');
      return runSidecar(rest);
    }
    default: {
      const { runCommand } = await import('./program.ts');
      return runCommand(argv, await processContext());
    }
  }
}

async function processContext() {
  const { userInfo } = await import('node:os');
  const { text } = await import('node:stream/consumers');
  return {
    env: process.env,
    script: process.argv[1]!,
    cwd: process.cwd(),
    user: nameOf(userInfo),
    out: (chunk: string) => void process.stdout.write(chunk),
    isTerminal: process.stdout.isTTY === true,
    err: (chunk: string) => void process.stderr.write(chunk),
    readStdin: () => text(process.stdin),
  };
}

/** A user without a name, as containers have them, is a number. */
function nameOf(userInfo: () => { readonly username: string }): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
