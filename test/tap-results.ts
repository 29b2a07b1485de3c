/**
 * Reads the TAP (version 14) of a whole run as it comes, reports failures at once, and counts tests.
 *
 * A test is a `t.test` without tests inside it, however many assertions it makes; an assertion that stands beside tests
 * counts as one too. A test is skipped when it says so, or when all its assertions do.
 */

/** What came of a run. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A test point: `ok 3 - name # SKIP reason`. */
interface Point {
  readonly ok: boolean;
  readonly name: string;
  /** Why it does not count, when it was skipped. */
  readonly skip: string | undefined;
  readonly tookMs: number;
  /** Lines of its YAML block. */
  readonly details: string[];
}

/** A test that has begun; its points are indented one step further than its name. */
interface OpenTest {
  readonly name: string;
  readonly assertions: Record<Outcome, number>;
  hasTests: boolean;
  hasFailed: boolean;
}

type Outcome = keyof Counts;

const OUTCOMES: readonly Outcome[] = ['passed', 'failed', 'skipped'];

const POINT = /^(not )?ok\b(?: \d+)?(?: - )?(.*)$/;
const DIRECTIVE = /(?<!\\) # (SKIP|TODO)\b[:\s]*(.*)$/i;
const TIME = /(?<!\\) # time=([\d.]+)ms$/;
/** A file that took so long says how long. */
const SLOW_MS = 5_000;

/** Feed it every line, then ask for the counts. */
export class TapResults {
  readonly #print: (line: string) => void;
  readonly #batch: string;
  readonly #counts = { passed: 0, failed: 0, skipped: 0 };
  /** How many tests gave this reason for being skipped. */
  readonly #skips = new Map<string, number>();
  /** The run itself, then the tests inside each other that are open. */
  readonly #open: OpenTest[] = [newTest('')];
  /** Points seen whose details may follow, and the depth they stand at. */
  #last: { point: Point; depth: number } | undefined;
  /** The indentation of the details that are being read. */
  #detailsIndent: string | undefined;

  /** `batch` is a file whose tests are files themselves. */
  constructor(print: (line: string) => void, batch = '') {
    this.#print = print;
    this.#batch = batch;
  }

  /** One line, without its newline. */
  line(line: string): void {
    if (this.#detailsIndent === undefined) this.#outsideDetails(line);
    else if (line === `${this.#detailsIndent}...`) this.#detailsIndent = undefined;
    else this.#last?.point.details.push(line.slice(this.#detailsIndent.length));
  }

  /** After the last line: prints why tests were skipped, and counts. */
  end(): Counts {
    this.#settleLast();
    for (const [reason, tests] of this.#skips) {
      this.#print(`# skipped: ${reason} (${tests} ${tests === 1 ? 'test' : 'tests'})`);
    }
    return { ...this.#counts };
  }

  #outsideDetails(line: string): void {
    const indent = line.length - line.trimStart().length;
    const text = line.slice(indent).trimEnd();
    if (text === '---' && this.#last !== undefined && indent === this.#last.depth * 4 + 2) {
      this.#detailsIndent = line.slice(0, indent);
      return;
    }
    this.#settleLast();
    this.#statement(text, Math.floor(indent / 4));
  }

  #statement(text: string, depth: number): void {
    const subtest = /^# Subtest(?:: (.*))?$/.exec(text);
    const point = POINT.exec(text);
    if (subtest !== null) this.#begin(unescapeName(subtest[1] ?? ''), depth);
    else if (point !== null) this.#last = { point: readPoint(point), depth };
    else if (/^# skipped: /.test(text)) this.#countSkip(text.slice('# skipped: '.length));
    else if (text.startsWith('Bail out!')) this.#print(text);
    else if (text !== '' && !/^(#|\d+\.\.\d+|TAP version|pragma)/.test(text)) this.#print(text);
  }

  #begin(name: string, depth: number): void {
    this.#open.length = depth + 1;
    this.#open[depth]!.hasTests = true;
    this.#open.push(newTest(name));
  }

  #settleLast(): void {
    if (this.#last === undefined) return;
    const { point, depth } = this.#last;
    this.#last = undefined;
    if (this.#open.length === depth + 2) this.#settleTest(point, depth);
    else this.#settleAssertion(point);
  }

  #settleAssertion(point: Point): void {
    const test = this.#open.at(-1)!;
    const outcome = outcomeOf(point);
    test.assertions[outcome]++;
    if (point.skip !== undefined) this.#countSkip(point.skip);
    if (outcome === 'failed') this.#fail(point);
  }

  #settleTest(point: Point, depth: number): void {
    const test = this.#open.at(-1)!;
    // An exception, a timeout, an exit code; any other failure was inside and has been reported.
    const failedByItself = outcomeOf(point) === 'failed' && !test.hasFailed;
    if (failedByItself) this.#fail(point);
    if (point.skip !== undefined) this.#countSkip(point.skip);
    if (test.hasTests) {
      for (const outcome of OUTCOMES) this.#counts[outcome] += test.assertions[outcome];
      if (failedByItself) this.#counts.failed++;
    } else this.#counts[outcomeOfLeaf(test, point)]++;
    this.#open.length = depth + 1;
    if (this.#isFile(point, depth)) this.#print(`${point.ok ? 'ok    ' : 'FAILED'} ${point.name}${slowness(point)}`);
  }

  #isFile({ name }: Point, depth: number): boolean {
    return depth === 0 ? name !== this.#batch : depth === 1 && this.#open[1]?.name === this.#batch;
  }

  #fail(point: Point): void {
    for (const test of this.#open) test.hasFailed = true;
    const names = this.#open.slice(1).flatMap(({ name }) => (name === this.#batch ? [] : [name]));
    if (names.at(-1) !== point.name) names.push(point.name);
    this.#print(`\nFAILED ${names.join(' > ')}`);
    for (const line of point.details) this.#print(`    ${line}`);
  }

  #countSkip(reason: string): void {
    this.#skips.set(reason, (this.#skips.get(reason) ?? 0) + 1);
  }
}

function newTest(name: string): OpenTest {
  return { name, assertions: { passed: 0, failed: 0, skipped: 0 }, hasTests: false, hasFailed: false };
}

function readPoint([, not, rest = '']: RegExpExecArray): Point {
  const directive = DIRECTIVE.exec(rest);
  const name = unescapeName(rest.replace(DIRECTIVE, '').replace(TIME, ''));
  const skip = directive === null ? undefined : directive[2] || name;
  return { ok: not === undefined, name, skip, tookMs: Number(TIME.exec(rest)?.[1] ?? 0), details: [] };
}

function slowness({ tookMs }: Point): string {
  return tookMs < SLOW_MS ? '' : ` (${Math.round(tookMs / 1_000)} s)`;
}

function outcomeOf(point: Point): Outcome {
  if (point.skip !== undefined) return 'skipped';
  return point.ok ? 'passed' : 'failed';
}

function outcomeOfLeaf(test: OpenTest, point: Point): Outcome {
  const { passed, skipped } = test.assertions;
  const outcome = outcomeOf(point);
  return outcome === 'passed' && skipped > 0 && passed === 0 ? 'skipped' : outcome;
}

function unescapeName(name: string): string {
  return name.replace(/\\([#\\])/g, '$1');
}
