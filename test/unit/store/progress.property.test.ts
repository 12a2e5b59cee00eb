import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Progress } from '../../../dist/src/store/progress.js';
import { checkProperty } from '../../support/property.js';

const CHUNK = 8192;

/** The same in the simplest way: a set of finished positions. */
class Model {
  readonly finished = new Set<number>();

  get mark(): number {
    let mark = 0;
    while (this.finished.has(mark + 1)) mark++;
    return mark;
  }

  next(from: number): number {
    let position = from;
    while (this.finished.has(position)) position++;
    return position;
  }
}

/** What the writer does with changes, and what a reopened engine reads. */
class Stored {
  mark = 0;
  readonly chunks = new Map<number, Uint8Array>();

  write(progress: Progress): void {
    const { mark, chunks } = progress.take();
    this.mark = mark;
    for (const { index, bits } of chunks) this.chunks.set(index, bits);
    for (const index of this.chunks.keys()) if (index < Math.floor(mark / CHUNK)) this.chunks.delete(index);
  }

  reopen(): Progress {
    return new Progress(
      this.mark,
      [...this.chunks].map(([index, bits]) => ({ index, bits })),
    );
  }
}

type Step =
  | { readonly kind: 'finish'; readonly positions: readonly number[] }
  | { readonly kind: 'store' | 'reopen' };

const LAST = 40;
/** Positions around the edges of chunks, so that few of them cross many edges. */
const spread = (position: number) =>
  position <= 10 ? position : position - 10 + CHUNK * Math.floor(position / 14);

const steps = (position: fc.Arbitrary<number>) =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('finish' as const), positions: fc.array(position) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('store' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
    ),
  );

function agrees(plan: readonly Step[], positions: readonly number[]): void {
  let progress = new Progress(0, []);
  let stored = new Stored();
  let model = new Model();
  let storedModel = new Set<number>();
  for (const step of plan) {
    if (step.kind === 'finish') {
      // The same position again and again: a dead letter that is tried again finishes twice.
      for (const position of step.positions) {
        const isNew = !model.finished.has(position);
        const changed = progress.changed;
        progress.finish(position);
        expect(progress.changed).toBe(changed || isNew);
        model.finished.add(position);
      }
    } else if (step.kind === 'store') {
      stored.write(progress);
      storedModel = new Set(model.finished);
    } else {
      // A crash: what was not stored is forgotten.
      progress = stored.reopen();
      model = new Model();
      for (const position of storedModel) model.finished.add(position);
    }
    expect(progress.mark).toBe(model.mark);
    for (const position of positions) {
      expect(progress.isFinished(position), `position ${position}`).toBe(model.finished.has(position));
      expect(progress.nextUnfinished(position), `from position ${position}`).toBe(model.next(position));
    }
  }
  stored = new Stored();
}

describe('progress is what a set of finished positions would be', () => {
  test('close to each other, so that the mark moves often', () =>
    checkProperty(
      fc.property(steps(fc.integer({ min: 1, max: LAST })), (plan) =>
        agrees(
          plan as Step[],
          Array.from({ length: LAST + 1 }, (_, index) => index + 1),
        ),
      ),
      { runs: 300 },
    ));

  test('over several chunks', () =>
    checkProperty(
      fc.property(steps(fc.integer({ min: 1, max: LAST }).map(spread)), (plan) =>
        agrees(
          plan as Step[],
          Array.from({ length: LAST }, (_, index) => spread(index + 1)),
        ),
      ),
      { runs: 100 },
    ));

  test('over the edge of a chunk, one position after the other', () => {
    const progress = new Progress(0, []);
    const stored = new Stored();
    for (let position = 2; position <= CHUNK + 10; position++) progress.finish(position);
    stored.write(progress);
    expect(stored.reopen().mark).toBe(0);
    progress.finish(1);
    expect(progress.mark).toBe(CHUNK + 10);
    stored.write(progress);
    expect(stored.chunks.size).toBeLessThanOrEqual(1);
    const reopened = stored.reopen();
    expect(reopened.mark).toBe(CHUNK + 10);
    expect(reopened.nextUnfinished(1)).toBe(CHUNK + 11);
    expect(reopened.nextUnfinished(3 * CHUNK)).toBe(3 * CHUNK);
    expect(reopened.isFinished(CHUNK + 11)).toBe(false);
  });
});
