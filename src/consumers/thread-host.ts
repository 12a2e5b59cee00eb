import type { MessagePort } from 'node:worker_threads';
import { decodeError, encodeError } from '../kernel/error-codec.js';
import { HandlerModuleInvalidError, HandlerModuleNotFoundError } from '../kernel/errors.js';
import { isMissing } from '../kernel/module-url.js';
import { defaultOf, importModule } from '../lanes/load-handlers.js';
import { answerProfile } from '../threads/answer-profile.js';
import { ConsumerCall } from './call.js';
import { HostProfile } from './host-profile.js';
import type { ThreadReply, ThreadRequest } from './thread-protocol.js';

type Handle = (event: unknown, context: ConsumerCall) => unknown;

/** A consumer's thread: loads its module, and calls the function that the module exports. */
export class ThreadHost {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #calls = new Map<number, ConsumerCall>();
  /** Nothing is sent before the module is loaded. */
  #handle: Handle = () => {
    throw new Error('The module is not loaded yet.');
  };
  #consumer = '';
  #begun: Int32Array = new Int32Array(1);
  #profile = new HostProfile('');

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  async obey(request: ThreadRequest): Promise<void> {
    switch (request.kind) {
      case 'open':
        return this.#open(request);
      case 'handle':
        return this.#run(request);
      case 'abort':
        this.#calls.get(request.call)?.abort(decodeError(request.reason));
        break;
      case 'profile':
        return answerProfile(
          request,
          (order) => this.#profile.obey(order),
          (reply) => this.#answer(reply),
        );
    }
  }

  async #open({ module, consumer, begun }: ThreadRequest & { readonly kind: 'open' }): Promise<void> {
    this.#consumer = consumer;
    this.#profile = new HostProfile(consumer);
    this.#begun = new Int32Array(begun);
    try {
      this.#handle = await load(module);
      this.#answer({ kind: 'opened' });
    } catch (error) {
      this.#answer({ kind: 'refused', error: encodeError(error) });
    }
  }

  async #run({ call, event, attempt }: ThreadRequest & { readonly kind: 'handle' }): Promise<void> {
    const context = new ConsumerCall(this.#consumer, attempt);
    this.#calls.set(call, context);
    try {
      this.#begun[0] = call;
      const profile = this.#profile;
      await (profile.isRunning
        ? profile.call(this.#handle, event, context as never)
        : this.#handle(event, context));
      this.#answer({ kind: 'ended', call });
    } catch (error) {
      this.#answer({ kind: 'ended', call, error: encodeError(error) });
    } finally {
      this.#calls.delete(call);
    }
  }

  #answer(reply: ThreadReply): void {
    this.#port.postMessage(reply);
  }
}

/** @throws HandlerModuleNotFoundError, HandlerModuleInvalidError, HandlerModuleFailedError naming the module. */
async function load(url: string): Promise<Handle> {
  if (isMissing(url)) {
    throw new HandlerModuleNotFoundError(
      `Consumer module ${url} does not exist. Pass a URL such as new URL('./mailer.consumer.js', import.meta.url).`,
      { details: { module: url } },
    );
  }
  const handle = defaultOf(await importModule('Consumer', url), isHandle);
  if (handle) return handle;
  throw new HandlerModuleInvalidError(
    `Consumer module ${url} has no function as its default export. Write: export default async (event, context) => {};`,
    { details: { module: url } },
  );
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'function';
}
