import { type PublishFailure, PublishManyError } from '../../kernel/errors.js';
import { MAX_PUBLISH_FAILURES } from '../limits.js';
import type { ManyReceipt } from '../options.js';
import { Wave, type WaveCall, type Waves } from './waves.js';

/**
 * A call that waits until its own events, and what these led to, are handled. It counts waves instead of keeping a
 * promise for each event: its events of one wave are a wave within that one.
 */
export class Call implements WaveCall {
  readonly #waves: Waves;
  #wave: Wave | undefined;
  /** Its waves with something in flight, and one for the call itself while it takes events in. */
  #left = 1;
  #wake: (() => void) | undefined;
  /** The first events that were not handled; more are counted. */
  readonly #failures: PublishFailure[] = [];
  #failed = 0;

  constructor(waves: Waves) {
    this.#waves = waves;
    waves.calls.add(this);
  }

  /** The wave for its next event. */
  get wave(): Wave {
    const { taking } = this.#waves;
    // It had to wait, and enters with an event now.
    if (taking.call === this) return taking;
    if (this.#wave?.outer !== taking) this.#wave = new Wave(taking, this);
    return this.#wave;
  }

  begins(): void {
    this.#left++;
  }

  ends(): void {
    this.#left--;
    if (this.#left === 0) this.#wake?.();
  }

  failed(position: number, error: Error): void {
    this.#failed++;
    if (this.#failures.length < MAX_PUBLISH_FAILURES) this.#failures.push({ position, error });
  }

  /** Resolves when all its events are handled or will not be now, and when the engine has failed. */
  async settled(): Promise<void> {
    this.ends();
    if (this.#left > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.end();
  }

  /** It takes nothing more in and waits for nothing. */
  end(): void {
    this.#waves.calls.delete(this);
  }

  release(): void {
    this.#left = 0;
    this.#wake?.();
  }

  /** Why its first event that was not handled was not. */
  get firstError(): Error | undefined {
    return this.#failures[0]?.error;
  }

  /** @throws PublishManyError when some of the events were not handled. */
  check(receipt: ManyReceipt): void {
    if (this.#failed === 0) return;
    const failures = this.#failures;
    const [first] = failures;
    throw new PublishManyError(
      `${this.#failed} of ${receipt.count} events were not handled, though all are durable; the first is at position ${first?.position}: ${first?.error.message}`,
      { cause: first?.error, details: { receipt, failures, failed: this.#failed } },
    );
  }
}
