import { allocateSlab, POOLED_SLAB_BYTES } from '../../events/slab.js';
import { MAX_SLABS, SLAB_BYTES } from '../../limits.js';
import { HubSlab } from './hub-slab.js';

/** Fixed pieces of shared memory that are used again and again: the events in flight allocate nothing. */
export class SlabPool {
  /** By slab id; what references resolve through. */
  readonly slabs: (HubSlab | undefined)[] = [];
  readonly #free: HubSlab[] = [];
  readonly #maxBytes: number;
  readonly #onForget: (slab: HubSlab) => void;
  #bytes = 0;
  #serial = 0;
  #lastId = 0;

  constructor(maxBytes: number, onForget: (slab: HubSlab) => void) {
    this.#maxBytes = maxBytes;
    this.#onForget = onForget;
  }

  /** Shared memory in use or kept for use, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Shared memory that holds events, in bytes. */
  get usedBytes(): number {
    return this.#bytes - this.#free.length * POOLED_SLAB_BYTES;
  }

  /** Whether another slab can be had without passing the limit. */
  get hasRoom(): boolean {
    return this.#free.length > 0 || this.#bytes + POOLED_SLAB_BYTES <= this.#maxBytes;
  }

  /** Whether so many bytes more stay within the limit. */
  fits(bytes: number): boolean {
    return this.usedBytes + bytes <= this.#maxBytes;
  }

  /**
   * A slab to fill, with one hold on it. The limit is for publishers: what handlers emit is always taken,
   * because refusing it could never free anything.
   */
  acquire(payloadBytes = SLAB_BYTES): HubSlab {
    const slab =
      payloadBytes <= SLAB_BYTES
        ? (this.#free.pop() ?? this.#allocate(SLAB_BYTES))
        : this.#allocate(payloadBytes);
    slab.serial = ++this.#serial;
    slab.rows = 0;
    slab.end = 0;
    slab.holds = 1;
    return slab;
  }

  /** Takes `count` holds off; the last one frees the slab. */
  release(slab: HubSlab, count: number): void {
    slab.holds -= count;
    if (slab.holds > 0) return;
    slab.keys.fill(undefined, 0, slab.rows);
    slab.waves.fill(undefined, 0, slab.rows);
    const pooled = slab.memory.byteLength === POOLED_SLAB_BYTES;
    if (pooled && this.#bytes <= this.#maxBytes) this.#free.push(slab);
    else this.#forget(slab);
  }

  #allocate(payloadBytes: number): HubSlab {
    const memory = allocateSlab(payloadBytes);
    this.#bytes += memory.byteLength;
    // Ids are never used twice while the space lasts: lanes and writer may still know an old one.
    do this.#lastId = (this.#lastId + 1) % MAX_SLABS;
    while (this.slabs[this.#lastId]);
    const slab = new HubSlab(this.#lastId, memory);
    this.slabs[slab.id] = slab;
    return slab;
  }

  #forget(slab: HubSlab): void {
    this.#bytes -= slab.memory.byteLength;
    this.slabs[slab.id] = undefined;
    this.#onForget(slab);
  }
}
