import type { Worker } from 'node:worker_threads';
import { decodeError } from '../kernel/error-codec.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import { WorkerSampler } from '../sampling/worker-sampler.js';
import type { ProfileReply, ProfileRequest } from './answer-profile.js';
import { Questions } from './questions.js';

/** What the owner of a thread does to have it profiled among its other requests. */
export interface ProfiledOwner {
  readonly worker: () => Worker | undefined;
  post(request: ProfileRequest): void;
  /** Whether answers are waited for may have changed. */
  changed(): void;
  /** Why it answers nothing any more; undefined while it lives. */
  ended(): Error | undefined;
}

/** The owner's end of a thread's part in profiles. */
export class ThreadProfiling {
  readonly #owner: ProfiledOwner;
  readonly #sampler = new WorkerSampler();
  readonly #questions = new Questions<ThreadReading | undefined>();

  constructor(owner: ProfiledOwner) {
    this.#owner = owner;
  }

  /** Whether the thread owes an answer. */
  get isAsked(): boolean {
    return this.#questions.size > 0;
  }

  obey(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#sampler.obey(this.#owner.worker(), order, (part) => this.#ask(part));
  }

  heard(reply: ProfileReply): void {
    const { question } = reply;
    if (reply.kind === 'profiled') this.#questions.answered(question, reply.reading);
    else this.#questions.failed(question, decodeError(reply.error));
  }

  /** The thread has ended, and answers nothing any more. */
  end(error: unknown): void {
    this.#questions.end(error);
  }

  async #ask(order: ProfileOrder): Promise<ThreadReading | undefined> {
    const ended = this.#owner.ended();
    if (ended) throw ended;
    try {
      return await this.#questions.ask((question) => {
        this.#owner.changed();
        this.#owner.post({ kind: 'profile', question, order });
      });
    } finally {
      this.#owner.changed();
    }
  }
}
