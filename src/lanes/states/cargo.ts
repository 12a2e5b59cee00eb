/** Stands for the length of a state that a key does not have. */
const NONE = 0xffff_ffff;

/** What the main thread tells a lane of states, with a batch. */
export interface StateCargo {
  /** States of keys that the lane does not have, or not as they are; left out when there are none. */
  readonly states?: Uint8Array;
  /** Numbers of keys whose states it need not keep any more. They go before what comes. */
  readonly forgotten: readonly number[];
}

/**
 * Packs the states of keys: the number of the key, then for each of the engine's states the length of its bytes, and
 * the bytes.
 */
export class CargoWriter {
  readonly #count: number;
  readonly #keys: { readonly key: number; readonly states: readonly (string | undefined)[] }[] = [];
  #length = 0;

  /** @param count states that a key may have. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  add(key: number, states: readonly (string | undefined)[]): void {
    this.#keys.push({ key, states });
    this.#length += 4 + 4 * this.#count;
    for (const bytes of states) this.#length += bytes?.length ?? 0;
  }

  take(): Uint8Array | undefined {
    if (this.#keys.length === 0) return undefined;
    const packed = Buffer.allocUnsafeSlow(this.#length);
    let end = 0;
    for (const { key, states } of this.#keys) {
      end = packed.writeUInt32LE(key, end);
      for (let index = 0; index < this.#count; index++) {
        const bytes = states[index];
        end = packed.writeUInt32LE(bytes?.length ?? NONE, end);
        if (bytes !== undefined) end += packed.write(bytes, end, 'latin1');
      }
    }
    return new Uint8Array(packed.buffer, packed.byteOffset, end);
  }
}

/** Calls back with each key of a cargo and its states. */
export function readCargo(
  packed: Uint8Array,
  count: number,
  take: (key: number, states: readonly (string | undefined)[]) => void,
): void {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const key = bytes.readUInt32LE(at);
    at += 4;
    const states: (string | undefined)[] = [];
    for (let index = 0; index < count; index++) {
      const length = bytes.readUInt32LE(at);
      at += 4;
      if (length === NONE) {
        states.push(undefined);
        continue;
      }
      states.push(bytes.toString('latin1', at, at + length));
      at += length;
    }
    take(key, states);
  }
}
