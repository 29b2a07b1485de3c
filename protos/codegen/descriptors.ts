/**
 * Reads the .proto files of this folder through buf and presents them as plain descriptors.
 *
 * buf writes a FileDescriptorSet as JSON; only the parts that the tables need are typed here.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the .proto files. */
export const PROTOS_DIR = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folder of the executables of the installed packages. */
export const BIN_DIR = join(dirname(PROTOS_DIR), 'node_modules', '.bin');

/** A field as protoc describes it; `type` and `label` are protoc's own words. */
export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label: 'LABEL_OPTIONAL' | 'LABEL_REPEATED';
  readonly type: string;
  /** `.full.Name` of messages and enums. */
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly options?: { readonly jstype?: string };
}

/** An enum as protoc describes it. */
export interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}

/** A message as protoc describes it. */
export interface MessageDescriptor {
  readonly name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly oneofDecl?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
}

/** One .proto file. */
export interface FileDescriptor {
  /** Path below the protos folder. */
  readonly name: string;
  readonly package: string;
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  /** Services, by name alone. */
  readonly service?: readonly { readonly name: string }[];
}

/** A message with the names that its place gives it. */
export interface NamedMessage {
  /** `package.Outer.Inner`. */
  readonly fullName: string;
  readonly file: FileDescriptor;
  readonly descriptor: MessageDescriptor;
  /** True when it is not nested in another message. */
  readonly topLevel: boolean;
}

/** An enum with its full name. */
export interface NamedEnum {
  readonly fullName: string;
  readonly descriptor: EnumDescriptor;
}

/** Everything declared in a set of files, map entries included. */
export interface Declarations {
  readonly files: readonly FileDescriptor[];
  readonly messages: ReadonlyMap<string, NamedMessage>;
  readonly enums: ReadonlyMap<string, NamedEnum>;
}

/** Runs one of the installed tools; throws with its output when it fails. */
export function runTool(name: string, args: readonly string[]): void {
  const result = spawnSync(join(BIN_DIR, name), args, { encoding: 'utf8' });
  if (result.error !== undefined) throw new Error(`${name} could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${name} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
}

/** Compiles the .proto files and returns all that they declare, imports from google.protobuf included. */
export function readDescriptors(): Declarations {
  const scratch = mkdtempSync(join(tmpdir(), 'outrider-protos-'));
  try {
    const image = join(scratch, 'image.json');
    runTool('buf', ['build', PROTOS_DIR, '-o', image]);
    const { file } = JSON.parse(readFileSync(image, 'utf8')) as { file: FileDescriptor[] };
    return declarationsOf(file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function declarationsOf(files: readonly FileDescriptor[]): Declarations {
  const messages = new Map<string, NamedMessage>();
  const enums = new Map<string, NamedEnum>();
  const addMessage = (scope: string, descriptor: MessageDescriptor, file: FileDescriptor, topLevel: boolean): void => {
    const fullName = `${scope}.${descriptor.name}`;
    messages.set(fullName, { fullName, file, descriptor, topLevel });
    for (const inner of descriptor.nestedType ?? []) addMessage(fullName, inner, file, false);
    for (const inner of descriptor.enumType ?? []) enums.set(`${fullName}.${inner.name}`, named(fullName, inner));
  };
  for (const file of files) {
    for (const message of file.messageType ?? []) addMessage(file.package, message, file, true);
    for (const each of file.enumType ?? []) enums.set(`${file.package}.${each.name}`, named(file.package, each));
  }
  return { files, messages, enums };
}

function named(scope: string, descriptor: EnumDescriptor): NamedEnum {
  return { fullName: `${scope}.${descriptor.name}`, descriptor };
}
