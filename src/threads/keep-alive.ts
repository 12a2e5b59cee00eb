import { MessageChannel, type MessagePort } from 'node:worker_threads';

/**
 * Keeps the process alive while it is `held`, without a timer. What a thread has of its own cannot: when it dies, its
 * ports close a while before its end is told, and in between a process with nothing else to do would end.
 */
export class KeepAlive {
  readonly #near: MessagePort;
  /** Held on to, because a channel closes when an end of it is collected. */
  readonly #far: MessagePort;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#near = port1;
    this.#far = port2;
    port1.unref();
  }

  set held(held: boolean) {
    if (held) this.#near.ref();
    else this.#near.unref();
  }

  release(): void {
    this.#near.close();
    this.#far.close();
  }
}
