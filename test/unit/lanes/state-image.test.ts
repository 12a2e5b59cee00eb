import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec } from '../../../dist/src/events/codec.js';
import { marked, marksOf } from '../../../dist/src/lanes/aggregates/state-image.js';
import { checkProperty } from '../../support/property.js';

const codec = new Codec();

/** What the log gives back of a state. */
function saved(state: unknown): unknown {
  const marks = codec.unpack(codec.pack(marksOf(state))) as ReturnType<typeof marksOf>;
  return marked(codec.unpack(codec.pack(state)), marks);
}

/** Each object's place of its first time, and whether it is frozen: what a copy alone would not show. */
function identities(state: unknown): unknown[] {
  const seen = new Map<object, number>();
  const found: unknown[] = [];
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    found.push([seen.get(value) ?? 'new', Object.isFrozen(value)]);
    if (seen.has(value)) return;
    seen.set(value, seen.size);
    if (!ArrayBuffer.isView(value)) for (const field of Object.values(value)) walk(field);
  };
  walk(state);
  return found;
}

function deepFrozen<State extends object>(state: State): State {
  for (const field of Object.values(state))
    if (typeof field === 'object' && field !== null) deepFrozen(field);
  return Object.freeze(state);
}

describe('a state that is saved', () => {
  test.each([
    ['that is frozen all through', deepFrozen({ a: [1, { b: null }], c: {} })],
    ['of which a part is frozen', { a: Object.freeze([{ b: 1 }]), c: { d: Object.freeze({}) } }],
    ['that is no object', 7],
    ['that is nothing', null],
    ['that is a list', [[], [[]], {}]],
    ['with times and bytes', { at: Object.freeze(new Date(5)), bytes: Buffer.from([1]) }],
    ['with bytes of either kind', [Uint8Array.of(1), Buffer.of(2), new Uint8Array(0), Buffer.alloc(0)]],
    ['that is nothing but bytes', Uint8Array.of(1, 2)],
    ['that is frozen with empty bytes', deepFrozen([new Uint8Array(0), {}])],
  ])('comes back as it is: one %s', (_what, state) => {
    expect(saved(state)).toStrictEqual(state);
    expect(identities(saved(state))).toEqual(identities(state));
  });

  test('has the same bytes in two places again', () => {
    const bytes = Uint8Array.of(1);
    const back = saved([{ bytes }, bytes]) as [{ bytes: Uint8Array }, Uint8Array];
    back[0].bytes[0] = 5;
    expect(back[1]).toStrictEqual(Uint8Array.of(5));
    expect(back[1].buffer.byteLength).toBe(1);
  });

  test('has one object in two places again, also a frozen one, and one behind it', () => {
    const one = { n: 1 };
    const two = Object.freeze({ one });
    const state = { list: [one, two, one], two, one, last: { x: 1 }, again: two };
    const back = saved(state) as typeof state;
    expect(identities(back)).toEqual(identities(state));
    back.one.n = 5;
    expect(back.list[0]).toEqual({ n: 5 });
    expect(back.again.one.n).toBe(5);
  });

  test('comes back as it is, whatever of it is frozen and the same', async () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(0, -0, 1.5, 'text', '', true, null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '1', 'é'), tie('value'), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      ),
    }));
    const property = fc.property(value, fc.infiniteStream(fc.nat(9)), (given, draws) => {
      const draw = () => draws.next().value as number;
      const objects: object[] = [];
      const change = (one: unknown): unknown => {
        if (typeof one !== 'object' || one === null) return one;
        if (objects.length > 0 && draw() < 2) return objects[draw() % objects.length];
        const fields = one as Record<string, unknown>;
        for (const name of Object.keys(fields)) fields[name] = change(fields[name]);
        if (draw() < 3) Object.freeze(one);
        objects.push(one);
        return one;
      };
      const state = change(structuredClone(given));
      expect(saved(state)).toStrictEqual(state);
      expect(identities(saved(state))).toEqual(identities(state));
    });
    await checkProperty(property, { runs: 1000 });
  });
});

const bytes = Uint8Array.of(1, 2, 3);
const ring: { self?: unknown } = {};
ring.self = ring;
/** Forty levels of two that are one: a trillion values in bytes. */
let shared: unknown = [];
for (let level = 0; level < 40; level++) shared = [shared, shared];

test.each([
  ['holds itself', ring, 'holds itself'],
  ['has too many values', shared, 'takes more than'],
  ['has one long text in many places', Array(100).fill('x'.repeat(50_000)), 'takes more than'],
  ['is a proxy', { a: new Proxy({}, {}) }, 'proxy'],
  [
    'has a getter',
    {
      get a() {
        return 1;
      },
    },
    "'a'",
  ],
  [
    'has a field that cannot be written',
    Object.defineProperty({}, 'a', { value: 1, enumerable: true }),
    "'a'",
  ],
  ['has some bytes twice', [bytes, Buffer.from(bytes.buffer, 1, 2)], 'in two arrays'],
  ['has a part of other bytes', bytes.subarray(1), 'slice()'],
  ['has bytes that threads share', new Uint8Array(new SharedArrayBuffer(1)), 'threads'],
  ['has bytes that may grow', new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 })), 'length'],
  ['is sealed', { a: Object.seal({ b: 1 }) }, 'sealed'],
])('a state that %s is not saved', (_what, state, message) => {
  expect(() => marksOf(state)).toThrow(message);
});
