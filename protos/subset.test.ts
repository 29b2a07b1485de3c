import protobuf from 'protobufjs';
import t from 'tap';
import { type Declarations, type FieldDescriptor, type NamedMessage, readDescriptors } from './codegen/descriptors.ts';
import { findRealMessage, readRealDefinitions } from './codegen/real-definitions.ts';
import { isRealXds, sortedMessages } from './codegen/table-output.ts';

const declarations = readDescriptors();
const xdsFiles = declarations.files.filter((file) => isRealXds(`${file.package}.`));
const real = readRealDefinitions(xdsFiles.map((file) => file.name));

/** How a field differs from its real counterpart, or undefined when number, type, label and oneof are the same. */
function difference(
  field: FieldDescriptor,
  message: NamedMessage,
  all: Declarations,
  root: protobuf.Root,
): string | undefined {
  const place = `${message.fullName}.${field.name}`;
  const counterpart = findRealMessage(root, message.fullName)?.fields[field.name];
  if (counterpart === undefined) return `${place} does not exist`;
  if (counterpart.id !== field.number) return `${place} is number ${counterpart.id}, not ${field.number}`;
  const ours = ourType(field, all);
  const theirs = realType(counterpart);
  if (ours !== theirs) return `${place} is ${theirs}, not ${ours}`;
  const oneof = field.oneofIndex === undefined ? undefined : message.descriptor.oneofDecl![field.oneofIndex]!.name;
  if (counterpart.partOf?.name !== oneof) return `${place} is in oneof ${counterpart.partOf?.name}, not ${oneof}`;
  return undefined;
}

function ourType(field: FieldDescriptor, all: Declarations): string {
  const entry = field.typeName === undefined ? undefined : all.messages.get(field.typeName.slice(1));
  if (entry?.descriptor.options?.mapEntry === true) return `map<string, ${plainType(entry.descriptor.field![1]!)}>`;
  return `${field.label === 'LABEL_REPEATED' ? 'repeated ' : ''}${plainType(field)}`;
}

function plainType(field: FieldDescriptor): string {
  return field.typeName?.slice(1) ?? field.type.slice('TYPE_'.length).toLowerCase();
}

function realType(field: protobuf.Field): string {
  const scalar = /^(double|float|u?int(32|64)|bool|string|bytes)$/.test(field.type);
  const type = scalar ? field.type : field.parent!.lookupTypeOrEnum(field.type).fullName.slice(1);
  if (field instanceof protobuf.MapField) return `map<${field.keyType}, ${type}>`;
  return `${field.repeated ? 'repeated ' : ''}${type}`;
}

t.test('every field of the subset has the number, type, label and oneof of the real definition', (t) => {
  const messages = sortedMessages(declarations).filter((message) => isRealXds(message.fullName));
  const differences = messages.flatMap((message) =>
    (message.descriptor.field ?? [])
      .map((field) => difference(field, message, declarations, real))
      .filter((each) => each !== undefined),
  );
  t.same(differences, []);
  t.ok(messages.length > 300, 'the subset was really read');
  t.end();
});

t.test('a wrong number, type, label or oneof is noticed', (t) => {
  const address = declarations.messages.get('envoy.config.core.v3.SocketAddress')!;
  const port = address.descriptor.field!.find((field) => field.name === 'port_value')!;
  const differs = (change: Partial<FieldDescriptor>) => difference({ ...port, ...change }, address, declarations, real);
  t.equal(difference(port, address, declarations, real), undefined);
  t.match(differs({ number: 4 }), /is number 3, not 4/);
  t.match(differs({ type: 'TYPE_STRING' }), /is uint32, not string/);
  t.match(differs({ label: 'LABEL_REPEATED' }), /not repeated uint32/);
  t.match(differs({ name: 'port' }), /does not exist/);
  const { oneofIndex: _, ...outside } = port;
  t.match(difference(outside, address, declarations, real), /is in oneof port_specifier, not undefined/);
  t.end();
});

t.test('every enum value of the subset has the number of the real definition', (t) => {
  const enums = [...declarations.enums.values()].filter((each) => isRealXds(each.fullName));
  const differences = enums.flatMap(({ fullName, descriptor }) => {
    const { values } = real.lookupEnum(fullName);
    const wrong = descriptor.value.filter(({ name, number }) => (number ?? 0) !== values[name]);
    return wrong.map(({ name, number }) => `${fullName}.${name} is ${values[name]}, not ${number ?? 0}`);
  });
  t.same(differences, []);
  t.ok(enums.length > 40, 'the enums were really read');
  t.end();
});

t.test('every service of the subset has the methods of the real definition', async (t) => {
  const { AggregatedDiscoveryServiceService } = await import('./gen/envoy/service/discovery/v3/ads.ts');
  const { EndpointDiscoveryServiceService } = await import('./gen/envoy/service/endpoint/v3/eds.ts');
  const { LoadReportingServiceService } = await import('./gen/envoy/service/load_stats/v3/lrs.ts');
  for (const service of [
    AggregatedDiscoveryServiceService,
    EndpointDiscoveryServiceService,
    LoadReportingServiceService,
  ]) {
    for (const { path, requestStream, responseStream } of Object.values(service)) {
      const [, serviceName = '', methodName = ''] = path.split('/');
      const method = real.lookupService(serviceName).methods[methodName];
      t.equal(method?.requestStream ?? false, requestStream, `${path} request`);
      t.equal(method?.responseStream ?? false, responseStream, `${path} response`);
    }
  }
});
