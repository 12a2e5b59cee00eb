import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec } from '../../../dist/src/events/codec.js';
import { type Emission, EmissionBuffer, readEmissions } from '../../../dist/src/events/emission.js';
import { bounded } from '../../support/bounded.js';
import { plainData } from '../../support/plain-data.js';
import { checkProperty } from '../../support/property.js';
import { withPlainBytes } from '../../support/round-trip-values.js';

const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });

const emitted = fc.record({
  cause: fc.nat({ max: 2047 }),
  type: fc.nat({ max: 65_535 }),
  occurredAt: fc.double({ noNaN: true }),
  aggregateId: name,
  partitionKey: fc.oneof(fc.constant(''), name),
  data: fc.oneof(
    { weight: 9, arbitrary: plainData },
    fc.nat({ max: 40_000 }).map((length) => 'x'.repeat(length)),
  ),
  metadata: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
  isDropped: fc.boolean(),
  isAwaited: fc.boolean(),
});
type Emitted = typeof emitted extends fc.Arbitrary<infer Value> ? Value : never;

/** The bytes that a lane would send to the main thread. */
function write(codec: Codec, events: readonly Emitted[]): Buffer {
  const buffer = new EmissionBuffer(codec);
  for (const { data, metadata, isDropped, isAwaited, ...emission } of events) {
    const start = buffer.end;
    buffer.add('a.b', emission, data, metadata);
    // A handler fails at its end; another one is awaited, and what it emits is added when it has ended.
    if (isDropped) buffer.rewind(start);
    else if (isAwaited) buffer.join(buffer.split(start));
  }
  const bytes = buffer.take() ?? new Uint8Array();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What the main thread makes of the bytes. */
function read(codec: Codec, bytes: Buffer): unknown[] {
  return Array.from(readEmissions(bytes), (emission: Emission) => {
    const { cause, type, occurredAt, aggregateId, partitionKey } = emission;
    const { dataOffset, dataLength, metadataLength } = emission;
    const end = dataOffset + dataLength;
    const data = withPlainBytes(codec.unpack(bytes, dataOffset, end));
    const metadata = new Uint8Array(bytes.subarray(end, end + metadataLength));
    return { cause, type, occurredAt, aggregateId, partitionKey, data, metadata };
  });
}

/** What must come out: metadata of no bytes is none. */
function kept(events: readonly Emitted[]): unknown[] {
  return events
    .filter(({ isDropped }) => !isDropped)
    .map(({ isDropped: _, isAwaited: __, metadata, ...event }) => ({
      ...event,
      metadata: metadata ?? new Uint8Array(),
    }));
}

const events = fc.array(emitted, { maxLength: 20 });
const SHAPES = [['a'], ['constructor', ''], ['b', 'a']];

describe('an emission buffer', () => {
  test('gives what was put in, without what was dropped', async () => {
    const property = fc.property(events, fc.boolean(), (list, hasShapes) => {
      const codec = new Codec(hasShapes ? SHAPES : []);
      deepStrictEqual(read(codec, write(codec, list)), kept(list));
    });
    await checkProperty(property, { runs: 300 });
  });

  test('of random bytes ends with an error, or with no more events than there is room for', async () => {
    const many = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 20, size: 'max' });
    await checkProperty(
      fc.property(many, (all) => expectEnd(...all)),
      { runs: 200 },
    );
  });

  test('that was damaged does so too', async () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), { minLength: 1 });
    const property = fc.property(events, damage, fc.nat(), (list, changes, cut) => {
      const bytes = write(new Codec(), list);
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      expectEnd(bytes.subarray(0, bytes.length - (cut % (bytes.length + 1))));
    });
    await checkProperty(property, { runs: 500 });
  });

  test.each([0, 0xff])('of nothing but bytes %i has an end', (value) => {
    expectEnd(Buffer.alloc(320, value));
    // A dropped event that takes no room, again and again.
    const dropped = Buffer.alloc(320, value);
    dropped.writeUInt32LE(0xffff_ffff, 0);
    expectEnd(dropped);
  });
});

/** Reads buffers, many at a time, because watching the clock takes longer than reading. */
function expectEnd(...all: readonly Uint8Array[]): void {
  bounded(() => {
    for (const bytes of all) readToTheEnd(Buffer.from(bytes));
  });
}

function readToTheEnd(bytes: Buffer): void {
  const emissions = readEmissions(bytes);
  // An event takes at least its header of 32 bytes.
  for (let count = 0; count <= bytes.length / 32; count++) {
    let next: IteratorResult<Emission>;
    try {
      next = emissions.next();
    } catch {
      return;
    }
    if (next.done) return;
    const { dataOffset, dataLength, metadataLength } = next.value;
    expect(dataOffset + dataLength + metadataLength, 'its end').toBeLessThanOrEqual(bytes.length);
  }
  throw new Error('There are more events than there is room for.');
}
