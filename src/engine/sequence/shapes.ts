import { type Codec, shapeOf } from '../../events/codec.js';
import type { RegisteredType } from '../../events/registry.js';
import type { Shape } from '../../events/shape-index.js';
import { MAX_SHAPES, MAX_SHAPES_PER_TYPE } from '../../limits.js';

/** What has shapes: an event type, or a state. */
export interface ShapeOwner {
  /** False once its values have turned out to have dynamic keys. */
  asRecord: boolean;
}

/** The payload shapes of the log: who has which number, and which of them the store does not have yet. */
export class Shapes {
  readonly codec: Codec;
  readonly #keys: Set<string>;
  readonly #perType = new Map<ShapeOwner, number>();
  #stored: number;

  constructor(codec: Codec) {
    this.codec = codec;
    this.#keys = new Set(codec.shapes.map((shape) => JSON.stringify(shape)));
    this.#stored = codec.shapes.length;
  }

  /** Numbers the shape of a payload that was packed as a map. False: it stays a map. */
  learnFrom(type: RegisteredType, data: unknown): boolean {
    const shape = shapeOf(data);
    return shape !== undefined && this.learn(type, shape);
  }

  /** Numbers a shape, unless the type is not registered, or it or the log has too many. */
  learn(type: ShapeOwner | undefined, shape: Shape): boolean {
    if (!type) return false;
    const { shapes } = this.codec;
    const count = this.#perType.get(type) ?? 0;
    const key = JSON.stringify(shape);
    if (this.#keys.has(key)) return true;
    if (shape.length === 0 || count >= MAX_SHAPES_PER_TYPE || shapes.length >= MAX_SHAPES) {
      // Dynamic keys: trying each payload as a record first would cost time and memory for nothing.
      type.asRecord = false;
      return false;
    }
    this.#keys.add(key);
    this.#perType.set(type, count + 1);
    this.codec.learn([...shapes, [...shape]]);
    return true;
  }

  /** Shapes that go into the next transaction; they are numbered on from those stored before. */
  takeUnstored(): readonly Shape[] {
    const { shapes } = this.codec;
    if (shapes.length === this.#stored) return [];
    const unstored = shapes.slice(this.#stored);
    this.#stored = shapes.length;
    return unstored;
  }
}
