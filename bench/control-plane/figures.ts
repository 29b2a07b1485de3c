/** The figures of the control plane's bench, beside what they are to be at most. */
import { renderTable } from '../table.ts';
import type { ControlPlaneOptions } from './options.ts';
import type { Protocol } from './sidecar.ts';

/** Of one protocol; CPU is the control plane's, bytes are those of a client's socket, idle CPU is taken off. */
export interface Figures {
  readonly firstMs: number;
  readonly firstCpuMs: number;
  readonly firstBytes: number;
  /** Of a core, with heartbeats and nothing else to do. */
  readonly idleShare: number;
  readonly changeMs: number;
  readonly changeCpuMs: number;
  readonly changeBytes: number;
  readonly backMs: number;
  readonly backCpuMs: number;
  readonly backBytes: number;
  readonly residentMb: number;
}

/** Times of the start on a large mesh. */
export interface StartFigures {
  readonly applyMs: number;
  readonly readyMs: number;
  readonly completeMs: number;
}

interface Row {
  readonly title: string;
  readonly figure: (figures: Figures) => number;
  readonly digits: number;
  /** Undefined where there is no target. */
  readonly atMost?: number;
  /** go-control-plane 0.14 on the same work, on a machine of this kind. */
  readonly go?: Readonly<Record<Protocol, string>>;
}

const ROWS: readonly Row[] = [
  {
    title: 'first full set: CPU s',
    figure: (f) => f.firstCpuMs / 1000,
    digits: 2,
    atMost: 2,
    go: { delta: '2.0', sotw: '2.2' },
  },
  { title: '  p99 s', figure: (f) => f.firstMs / 1000, digits: 2, go: { delta: '3.3', sotw: '3.1' } },
  { title: '  bytes a stream', figure: (f) => f.firstBytes, digits: 0, go: { delta: '74000', sotw: '56000' } },
  {
    title: 'one endpoint changes: p99 s',
    figure: (f) => f.changeMs / 1000,
    digits: 3,
    atMost: 0.25,
    go: { delta: '0.15', sotw: '1.06' },
  },
  {
    title: '  CPU s',
    figure: (f) => f.changeCpuMs / 1000,
    digits: 3,
    atMost: 0.2,
    go: { delta: '0.17', sotw: '1.07' },
  },
  {
    title: '  bytes a stream',
    figure: (f) => f.changeBytes,
    digits: 0,
    atMost: 600,
    go: { delta: '501', sotw: '34700' },
  },
  {
    title: 'all come back in 1 s: complete s',
    figure: (f) => f.backMs / 1000,
    digits: 2,
    atMost: 3,
    go: { delta: '1.1', sotw: '1.7' },
  },
  { title: '  CPU s', figure: (f) => f.backCpuMs / 1000, digits: 2, go: { delta: '0.8', sotw: '1.6' } },
  {
    title: '  bytes a stream',
    figure: (f) => f.backBytes,
    digits: 0,
    atMost: 600,
    go: { delta: '130', sotw: '56000' },
  },
  { title: 'resident MB', figure: (f) => f.residentMb, digits: 0, atMost: 300, go: { delta: '330-380', sotw: '300' } },
  { title: 'idle: % of a core', figure: (f) => f.idleShare * 100, digits: 1 },
];
const START_AT_MOST_S = 5;

/** The table. */
export function renderFigures(
  { streams, services, endpoints, largeServices }: ControlPlaneOptions,
  measured: ReadonlyMap<Protocol, Figures>,
  start: StartFigures | undefined,
): string {
  const rows = ROWS.flatMap(({ title, figure, digits, atMost, go }) =>
    [...measured].map(([protocol, figures]) => {
      const value = figure(figures);
      return [`${title}`, protocol, value.toFixed(digits), ...judged(value, atMost), go?.[protocol] ?? ''];
    }),
  );
  const seconds = (title: string, ms: number, atMost?: number) => [
    title,
    '',
    (ms / 1000).toFixed(2),
    ...judged(ms / 1000, atMost),
    '',
  ];
  if (start !== undefined) {
    rows.push(seconds(`${largeServices} services: start to ready s`, start.readyMs, START_AT_MOST_S));
    rows.push(seconds('  to a sidecar that has them all s', start.completeMs, START_AT_MOST_S));
    rows.push(seconds('  apply s', start.applyMs));
  }
  const head = ['', 'protocol', 'measured', 'at most', '', 'go-control-plane'];
  return `control plane: ${streams} streams, ${services} services of ${endpoints} endpoints, all visible to all\n\n${renderTable(head, rows)}`;
}

function judged(value: number, atMost: number | undefined): [string, string] {
  if (atMost === undefined) return ['', ''];
  return [String(atMost), value <= atMost ? 'met' : 'MISSED'];
}
