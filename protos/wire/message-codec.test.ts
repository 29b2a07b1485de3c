import fc from 'fast-check';
import t from 'tap';
import { Address, CidrRange } from '../gen/envoy/config/core/v3/address.ts';
import { Node } from '../gen/envoy/config/core/v3/base.ts';
import { RetryPolicy } from '../gen/envoy/config/route/v3/route_components.ts';
import { Int64Range } from '../gen/envoy/type/v3/range.ts';
import { codecOf } from './message-codec.ts';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

t.test('bytes are those of the protobuf encoding', (t) => {
  const range = CidrRange.fromPartial({ addressPrefix: '::', prefixLen: 8 });
  t.equal(hex(CidrRange.encode(range).finish()), '0a023a3a12020808', 'a wrapper is a message with one field');
  const empty = CidrRange.fromPartial({ prefixLen: 0 });
  t.equal(hex(CidrRange.encode(empty).finish()), '1200', 'and may be there without a value');
  const port = Address.fromPartial({
    address: { $case: 'socketAddress', value: { portSpecifier: { $case: 'portValue', value: 0 } } },
  });
  t.equal(hex(Address.encode(port).finish()), '0a021800', 'a member of a oneof is written at its default, too');
  const codes = RetryPolicy.fromPartial({ retriableStatusCodes: [1, 300] });
  t.equal(hex(RetryPolicy.encode(codes).finish()), '3a0301ac02', 'lists of numbers are packed');
  const big = Int64Range.fromPartial({ start: '-9007199254740993' });
  t.equal(Int64Range.decode(Int64Range.encode(big).finish()).start, '-9007199254740993');
  t.end();
});

t.test('lists of numbers are read packed and one by one', (t) => {
  const bytes = Buffer.from('3801 3a02 0203 3804'.replaceAll(' ', ''), 'hex');
  t.same(RetryPolicy.decode(bytes).retriableStatusCodes, [1, 2, 3, 4]);
  t.end();
});

t.test('a key named __proto__ is a key like any other', (t) => {
  const metadata = JSON.parse('{"__proto__": [1], "in": {"__proto__": {"a": true}, "b": 2}}') as Record<
    string,
    unknown
  >;
  const back = Node.decode(Node.encode(Node.fromPartial({ id: 'a', metadata })).finish()).metadata;
  t.equal(JSON.stringify(back), JSON.stringify(metadata));
  t.equal(Object.getPrototypeOf(back), Object.prototype);
  t.end();
});

t.test('a Struct is plain JSON, whatever is in it', (t) => {
  const metadata = fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue({ noUnicodeString: false }),
  );
  fc.assert(
    fc.property(metadata, (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
      const node = Node.fromPartial({ id: 'a', metadata: plain });
      t.same(Node.decode(Node.encode(node).finish()).metadata, plain);
    }),
    { numRuns: 50 },
  );
  t.throws(() => codecOf('google.protobuf.Value').encode(() => 1), /a function has no place/);
  t.end();
});

t.test('what the subset does not know is kept and written again', (t) => {
  // Field 100 as text, twice, and field 101 as a number.
  const bytes = Buffer.from('0a0161a206 0178 a206 0179 a806 05'.replaceAll(' ', ''), 'hex');
  const node = Node.decode(bytes);
  t.equal(node.id, 'a');
  t.same(Object.keys(node._unknownFields ?? {}), ['802', '808']);
  t.equal(hex(Node.encode(node).finish()), hex(bytes));
  t.end();
});

t.test('malformed bytes are refused', (t) => {
  const refused = (text: string) => t.throws(() => Address.decode(Buffer.from(text, 'hex')), text);
  refused('0a05'); // more announced than there is
  refused('0a020a05'); // a field that is longer than its message
  refused('00'); // field number 0
  refused('0c'); // the end of a group that has not begun
  const deep = codecOf('google.protobuf.Value');
  let list: unknown = [];
  for (let i = 0; i < 100; i++) list = [list];
  t.throws(() => deep.decode(deep.encode(list).finish()), /nested deeper than 100/);
  t.throws(() => codecOf('envoy.Nothing').encode({}), /no message envoy\.Nothing/);
  t.end();
});
