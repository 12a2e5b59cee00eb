import type { ThreadWatch } from '../../sampling/sampled-thread.js';

/** What the owner of an engine has asked of its lanes; it holds on when the engine recovers. */
export class Orders {
  threads: number;
  /** The last broadcast, if there was one. */
  message: { readonly value: unknown } | undefined;

  /** The profile that runs. */
  profiles: ThreadWatch | undefined;

  constructor(threads: number) {
    this.threads = threads;
  }
}
