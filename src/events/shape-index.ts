/** The keys of a payload in their order: what a record refers to by a number instead of spelling them out. */
export type Shape = readonly string[];

interface Node {
  readonly next: Map<string, Node>;
  shape: number;
}

/** Finds the number of a shape by its keys. */
export class ShapeIndex {
  #root: Node = { next: new Map(), shape: -1 };
  #shapes: readonly Shape[] = [];
  /** By number of keys, the shape found last: events of one type come in a row. */
  readonly #last: number[] = [];

  /** Takes over a list of shapes. */
  learn(shapes: readonly Shape[]): void {
    this.#shapes = shapes;
    this.#last.length = 0;
    this.#root = { next: new Map(), shape: -1 };
    // The last of equal ones: a reader takes either, and lists of before had none.
    shapes.forEach((shape, number) => {
      // Only a log that somebody tampered with has such a shape; as a field it is refused.
      if (shape.includes('__proto__')) return;
      let node = this.#root;
      for (const key of shape) {
        let next = node.next.get(key);
        if (!next) {
          next = { next: new Map(), shape: -1 };
          node.next.set(key, next);
        }
        node = next;
      }
      node.shape = number;
    });
  }

  /** The number of the shape with exactly these keys in this order; -1 when there is none. */
  find(keys: readonly string[]): number {
    const last = this.#last[keys.length];
    if (last !== undefined && isSame(this.#shapes[last] as Shape, keys)) return last;
    let node: Node | undefined = this.#root;
    for (const key of keys) {
      node = node.next.get(key);
      if (!node) return -1;
    }
    if (node.shape >= 0 && keys.length > 0) this.#last[keys.length] = node.shape;
    return node.shape;
  }
}

function isSame(shape: Shape, keys: readonly string[]): boolean {
  for (let index = 0; index < keys.length; index++) if (shape[index] !== keys[index]) return false;
  return true;
}
