/**
 * `node protos/generate.ts` writes protos/gen from the .proto files; `--check` only compares and fails on a difference.
 *
 *   *.proto ──buf──► descriptors ──► gen/schema.ts, field-names.ts, constraints.ts, registry.ts, codecs in gen/**.ts
 *           └─buf + ts-proto──────► types in gen/**.ts
 *
 * Needs no network. int64 becomes `number` (revisions, counters and sizes stay far below 2^53); where values up to the
 * whole 64 bits make sense the .proto says `jstype = JS_STRING`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderConstraints } from './codegen/constraint-output.ts';
import { BIN_DIR, type Declarations, PROTOS_DIR, readDescriptors, runTool } from './codegen/descriptors.ts';
import { readRealDefinitions } from './codegen/real-definitions.ts';
import { isRealXds, renderCodecs, renderFieldNames, renderRegistry, renderSchema } from './codegen/table-output.ts';

const GEN_DIR = join(PROTOS_DIR, 'gen');

const TS_PROTO_OPTIONS = [
  'importSuffix=.ts',
  'esModuleInterop=true',
  'env=node',
  'oneof=unions-value',
  'outputServices=grpc-js',
  'unknownFields=true',
  'useOptionals=none',
  'forceLong=number',
  'useJsTypeOverride=true',
  'useDate=false',
  'enumsAsLiterals=true',
  'unrecognizedEnum=false',
  'outputJsonMethods=false',
  'useExactTypes=false',
  'comments=false',
  // Types and enums; the codecs are driven by the tables, see docs/decisions/codecs-from-tables.md.
  'outputEncodeMethods=false',
  'outputPartialMethods=false',
];

/** Writes the whole of protos/gen into `folder`, which must be empty or not exist. */
export function generateInto(folder: string): void {
  const declarations = readDescriptors();
  const xdsFiles = declarations.files.filter((file) => isRealXds(`${file.package}.`)).map((file) => file.name);
  const real = readRealDefinitions(xdsFiles);
  generateTypeScript(folder, declarations);
  writeFileSync(join(folder, 'schema.ts'), renderSchema(declarations));
  writeFileSync(join(folder, 'field-names.ts'), renderFieldNames(declarations, real));
  writeFileSync(join(folder, 'constraints.ts'), renderConstraints(declarations, real));
  writeFileSync(join(folder, 'registry.ts'), renderRegistry(declarations));
}

function generateTypeScript(folder: string, declarations: Declarations): void {
  mkdirSync(folder, { recursive: true });
  const plugin = {
    local: join(BIN_DIR, 'protoc-gen-ts_proto'),
    out: folder,
    include_imports: true,
    include_wkt: true,
    strategy: 'all',
    opt: TS_PROTO_OPTIONS,
  };
  runTool('buf', ['generate', PROTOS_DIR, '--template', JSON.stringify({ version: 'v2', plugins: [plugin] })]);
  for (const path of filesBelow(folder)) {
    const text = readFileSync(join(folder, path), 'utf8');
    const typed = text.replaceAll('{ [key: string]: any }', '{ [key: string]: unknown }');
    writeFileSync(join(folder, path), withCodecs(typed, renderCodecs(path.replace(/\.ts$/, '.proto'), declarations)));
  }
}

/** Imports of the codecs go to the others, in front of the first declaration; constants behind the types. */
function withCodecs(text: string, codecs: string): string {
  // Services use the codecs of their messages, everybody else only the types: one file must not load all its siblings.
  const typed = text.includes('"@grpc/grpc-js"') ? text : text.replaceAll(/^import \{/gm, 'import type {');
  const [imports, constants] = codecs.split('\n\n');
  if (constants === undefined) return typed;
  return `${typed.replace('\nexport const protobufPackage', `${imports}\n\nexport const protobufPackage`)}\n${constants}`;
}

/**
 * Generates anew beside the committed code and compares.
 *
 * @returns paths below protos/gen that differ, are missing or are left over; empty when all is up to date.
 */
export function findDrift(): string[] {
  const scratch = mkdtempSync(join(tmpdir(), 'outrider-gen-'));
  try {
    generateInto(scratch);
    const paths = new Set([...filesBelow(scratch), ...filesBelow(GEN_DIR)]);
    return [...paths].filter((path) => readOrEmpty(join(scratch, path)) !== readOrEmpty(join(GEN_DIR, path))).sort();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function main(args: readonly string[]): void {
  if (args.includes('--check')) {
    const drift = findDrift();
    if (drift.length === 0) return;
    process.stderr.write(
      `protos/gen is out of date; run \`node protos/generate.ts\`. Different: ${drift.join(', ')}\n`,
    );
    process.exitCode = 1;
    return;
  }
  const scratch = mkdtempSync(join(PROTOS_DIR, '.gen-'));
  generateInto(scratch);
  rmSync(GEN_DIR, { recursive: true, force: true });
  renameSync(scratch, GEN_DIR);
}

if (import.meta.main) main(process.argv.slice(2));
