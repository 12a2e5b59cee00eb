import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { ownFile } from '../events/own-files.js';
import { threadArguments } from './thread-arguments.js';

/** What a thread is, and what its owner wants to hear of it. */
export interface ThreadPlan<Reply> {
  /** As debuggers and profilers show it. */
  readonly name: string;
  /** The program, below `workers/`. */
  readonly file: string;
  /**
   * `own`: nothing but this package. `handlers`: modules of the program as well. What those post to their parent port is
   * nobody's here, so requests and replies go through a port of their own, which is the first message that the thread is sent.
   */
  readonly runs: 'own' | 'handlers';
  readonly workerData?: unknown;
  readonly resourceLimits?: ResourceLimits;
  readonly heard: (reply: Reply) => void;
  /**
   * Called once, when the thread has ended and all of its replies were heard.
   *
   * @param thrown what ended it; an error that says so when it just exited.
   */
  readonly ended: (thrown: unknown) => void;
}

/**
 * A thread of ours, from its start to its end: the one way in which the writer, the checkpointer, the threads of
 * consumers and those that read one file are started, spoken to, heard and ended. Lanes have Piscina for that, and
 * `whenEnded` in common with them.
 */
export class Thread<Request, Reply> {
  readonly #worker: Worker;
  /** Of a thread that runs modules of the program. */
  readonly #port: MessagePort | undefined;
  readonly #end = Promise.withResolvers<void>();

  constructor({ name, file, runs, heard, ended, ...settings }: ThreadPlan<Reply>) {
    this.#worker = new Worker(ownFile(`workers/${file}`), { name, ...settings, ...threadArguments(runs) });
    const port = runs === 'own' ? undefined : this.#openPort(heard);
    this.#port = port;
    if (!port) this.#worker.on('message', (reply: Reply) => heard(reply));
    whenEnded(this.#worker, (thrown) => {
      // What it has answered counts.
      for (let last = port && receiveMessageOnPort(port); last; last = port && receiveMessageOnPort(port)) {
        heard(last.message as Reply);
      }
      port?.close();
      ended(thrown);
      this.#end.resolve();
    });
  }

  /** For what the runtime samples from outside. */
  get worker(): Worker {
    return this.#worker;
  }

  post(request: Request): void {
    if (this.#port) this.#port.postMessage(request);
    else this.#worker.postMessage(request);
  }

  /** Whether the thread keeps the process alive: while something of it is waited for. It does from its start on. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Resolves when it has ended by itself. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #openPort(heard: (reply: Reply) => void): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (reply: Reply) => heard(reply));
    // The thread itself keeps the process alive while it has something to do.
    port1.unref();
    this.#worker.postMessage(port2, [port2]);
    return port1;
  }
}

/** Calls back once, when a worker has ended: with what it threw, or with an error that says that it exited. */
export function whenEnded(worker: Worker, ended: (thrown: unknown) => void): void {
  let thrown: unknown = new Error('it exited');
  worker.on('error', (error) => {
    thrown = error;
  });
  worker.once('exit', () => ended(thrown));
}
