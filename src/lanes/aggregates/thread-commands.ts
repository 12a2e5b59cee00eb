import type { MessagePort } from 'node:worker_threads';
import type { CommandAnswer, CommandLane, CommandMail, LoadedAggregate } from './protocol.js';

/** The way of commands to a lane on a thread. */
export class ThreadCommands implements CommandLane {
  readonly loaded: readonly LoadedAggregate[];
  answered: (answer: CommandAnswer) => void = () => {};
  readonly #port: MessagePort;
  readonly #changed: () => void;
  /** Orders without an answer. */
  #pending = 0;

  /** @param changed told when it begins or ends to be busy. */
  constructor(port: MessagePort, loaded: readonly LoadedAggregate[], changed: () => void) {
    this.#port = port;
    this.loaded = loaded;
    this.#changed = changed;
  }

  get isBusy(): boolean {
    return this.#pending > 0;
  }

  take(mail: CommandMail): void {
    for (const { kind } of mail.orders) if (kind === 'command' || kind === 'query') this.#pending++;
    this.#changed();
    this.#port.postMessage(mail, mail.inputs.length > 0 ? [mail.inputs.buffer as ArrayBuffer] : []);
  }

  /** The thread has answered. */
  heard(answer: CommandAnswer): void {
    for (const { kind } of answer.outcomes) if (kind !== 'wanted') this.#pending--;
    this.#changed();
    this.answered(answer);
  }
}
