import type { Shape } from '../../events/shape-index.js';
import type { CommandMail } from '../../lanes/aggregates/protocol.js';
import type { PendingCommand, PendingQuery } from './command.js';
import { joined } from './joined.js';

type Order = CommandMail['orders'][number];

const NO_BYTES = new Uint8Array(0);

/** The commands of one lane: those that it was sent and has not answered, and those that go with the next message. */
export class SeatCommands {
  /** By number; also those whose answer does not count any more. */
  readonly sent = new Map<number, PendingCommand | PendingQuery>();
  /** Timer of the look at the command on its stack. */
  watch: unknown;
  #orders: Order[] = [];
  #inputs: Buffer[] = [];
  #inputBytes = 0;
  #shapes: number;

  /** @param shapes payload shapes that the lane is told of at its opening. */
  constructor(shapes: number) {
    this.#shapes = shapes;
  }

  /** Where the next input ends. */
  inputEnd(input: Buffer | undefined): number {
    return this.#inputBytes + (input?.length ?? 0);
  }

  /** @param input encoded input of a command. */
  add(order: Order, input?: Buffer): void {
    this.#orders.push(order);
    if (!input) return;
    this.#inputs.push(input);
    this.#inputBytes += input.length;
  }

  /** The next message; undefined when there is nothing to tell. */
  take(shapes: readonly Shape[]): CommandMail | undefined {
    const orders = this.#orders;
    if (orders.length === 0) return undefined;
    const inputs = this.#inputBytes === 0 ? NO_BYTES : joined(this.#inputs, this.#inputBytes);
    const hasNewShapes = this.#shapes < shapes.length;
    this.#shapes = shapes.length;
    this.#orders = [];
    this.#inputs = [];
    this.#inputBytes = 0;
    return { kind: 'commands', ...(hasNewShapes && { shapes }), orders, inputs };
  }
}
