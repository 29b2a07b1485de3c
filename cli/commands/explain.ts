/**
 * `outrider explain`: what became of the latest requests, as the sidecars on their way tell it. A request passes two of
 * them, the caller's and the callee's: their words stand side by side, in the order of time.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ScrapeTarget } from '../api-types.ts';
import type { CliContext } from '../context.ts';
import { CliError, messageOf } from '../errors.ts';
import type { ServerOptions } from '../server-address.ts';
import { withClient, withServerOptions } from '../server-command.ts';
import { type SidecarPage, sidecarPages } from '../sidecar-pages.ts';

interface ExplainOptions extends ServerOptions {
  /** Absent: what has happened is told. */
  readonly request?: URL;
  readonly method: string;
  readonly header: readonly string[];
  readonly all: boolean;
  readonly path?: string;
  readonly status?: string;
  readonly limit: number;
}

const LIMIT_MAX = 512;

/** Adds the command. */
export function addExplain(program: Command, context: CliContext): void {
  const command = program
    .command('explain')
    .description('tell what became of the latest requests that did not go smoothly, or what would become of one')
    .argument('[workload]', 'only what its sidecars saw, or would do')
    .addOption(
      new Option('--request <url>', 'what would become of this one, such as http://catalog/products').argParser(
        parseUrl,
      ),
    )
    .option('--method <method>', 'of that request', 'GET')
    .option('--header <line>', 'of that request, "name: value"; again for more', collect, [])
    .option('--all', 'also those that went smoothly', false)
    .addOption(new Option('--path <regex>', 'only requests whose path it matches').argParser(parsePattern))
    .addOption(
      new Option('--status <status>', 'only answers with this status, such as 503 or 5xx').argParser(parseStatus),
    )
    .addOption(new Option('--limit <count>', 'how many of each sidecar').argParser(parseLimit).default(20));
  withServerOptions(command).action((workload: string | undefined, options: ExplainOptions) =>
    withClient(options, context, async (client) => {
      const targets = sidecarsOf(await client.scrapeTargets(), workload);
      if (options.request !== undefined) {
        context.out(
          prediction(await sidecarPages(targets, questionPath(options, options.request), context.dispatcher)),
        );
        return;
      }
      context.out(explanation(await sidecarPages(targets, recorderPath(options), context.dispatcher)));
    }),
  );
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`it is a number from 1 to ${LIMIT_MAX}.`);
}

function collect(line: string, lines: readonly string[]): readonly string[] {
  if (!/^[^:]+:/.test(line)) throw new InvalidArgumentError('"name: value" is one.');
  return [...lines, line];
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'http:') return url;
  throw new InvalidArgumentError('http://SERVICE/PATH is one.');
}

function parsePattern(text: string): string {
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`it is no regular expression: ${messageOf(error)}.`);
  }
}

function parseStatus(text: string): string {
  if (/^[1-5](xx|[0-9][0-9])$/.test(text)) return text;
  throw new InvalidArgumentError('503 is one, 5xx is all that begin with 5.');
}

/** The control plane is among the targets of Prometheus, and no sidecar. */
function sidecarsOf(targets: readonly ScrapeTarget[], workload: string | undefined): ScrapeTarget[] {
  const sidecars = targets.filter(({ labels }) => labels.instance !== undefined);
  if (workload === undefined) return sidecars;
  const chosen = sidecars.filter(({ labels }) => labels.workload === workload);
  if (chosen.length > 0) return chosen;
  const known = [...new Set(sidecars.map(({ labels }) => labels.workload))].join(', ');
  throw new CliError(`no sidecar runs beside "${workload}"; there are: ${known || 'none'}`);
}

function recorderPath({ all, path, status, limit }: ExplainOptions): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (!all) query.set('troubled', '');
  if (path !== undefined) query.set('path', path);
  if (status !== undefined) query.set('status', status);
  return `/recorder?${query}`;
}

function questionPath({ method, header }: ExplainOptions, url: URL): string {
  const query = new URLSearchParams({ host: url.host, path: url.pathname + url.search, method });
  for (const line of header) query.append('header', line);
  return `/explain?${query}`;
}

/** What each sidecar would do; those that would do the same are named together. */
function prediction(pages: readonly SidecarPage[]): string {
  const tellers = new Map<string, string[]>();
  for (const { target, labels, text } of pages) {
    const names = tellers.get(text) ?? [];
    names.push(labels.instance ?? target);
    tellers.set(text, names);
  }
  if (tellers.size === 0) return 'no sidecar answers\n';
  return [...tellers]
    .map(([text, names]) => `${names.join(', ')}:\n${text.replace(/^/gm, '    ').trimEnd()}\n`)
    .join('');
}

/** What begins a request in the text of a sidecar: the time, in a form that sorts. */
const REQUEST_START = /^(?=\d{4}-\d\d-\d\dT)/m;

/** All requests in the order of time, each with the sidecar that tells of it. */
export function explanation(pages: readonly SidecarPage[]): string {
  const requests = pages.flatMap(({ target, labels, text }) =>
    text
      .split(REQUEST_START)
      .filter((each) => /^\d{4}-/.test(each))
      .map((each) => each.replace(' ', ` [${labels.instance ?? target}] `)),
  );
  if (requests.length === 0) return 'nothing to explain: every remembered request went smoothly (--all shows them)\n';
  return requests.sort().join('');
}
