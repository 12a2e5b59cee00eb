import type { Engine } from 'millrace';
import type { Consumer, ConsumerOptions } from 'millrace/consumers';

/** What a test consumer has heard: the positions, in the order in which they came. */
export class Heard {
  readonly positions: number[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly hear = (event: { readonly position: number }): void => {
    this.positions.push(event.position);
    for (const { count, resolve } of this.#waiting) if (this.positions.length >= count) resolve();
  };

  /** Resolves when it has heard so many. */
  async count(count: number): Promise<void> {
    if (this.positions.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }
}

/** Starts a consumer named `c` that hears everything, unless the test says otherwise. */
export async function startHearing(
  engine: Engine,
  options: Partial<ConsumerOptions> = {},
): Promise<{ readonly consumer: Consumer; readonly heard: Heard }> {
  const heard = new Heard();
  const consumer = await engine.consumers.start({ name: 'c', handle: heard.hear, ...options });
  return { consumer, heard };
}

/** A promise that a test resolves: what its handlers wait for. */
export class Latch {
  readonly opened: Promise<void>;
  readonly open: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.open = resolve;
  }
}
