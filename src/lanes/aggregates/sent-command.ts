import type { Codec } from '../../events/codec.js';
import type { SentCommand } from '../../events/sent-command.js';
import { PayloadTooLargeError } from '../../kernel/errors.js';
import { checkedCommand, checkId, encodedInput } from './command-check.js';
import type { Aggregate, AnyAggregate } from './define-aggregate.js';
import { MAX_SENT_NAMES } from './limits.js';
import type { LoadedAggregate } from './protocol.js';

/** A command as a handler asks for it. */
export interface AskedOfHandler {
  readonly aggregate: AnyAggregate;
  readonly aggregateId: string;
  readonly command: string;
  readonly input: unknown;
}

/** What of a command is the sending event's. */
export type SendingEvent = Pick<
  SentCommand,
  'handler' | 'time' | 'causationId' | 'correlationId' | 'carrier'
>;

/** @throws as `engine.execute`, for what is wrong with the call; PayloadTooLargeError when its names are too long. */
export function sentCommand(
  codec: Codec,
  loaded: readonly LoadedAggregate[],
  { aggregate, aggregateId, command, input }: AskedOfHandler,
  event: SendingEvent,
): SentCommand {
  checkId('ctx.execute', aggregateId);
  const checked = checkedCommand('ctx.execute', loaded, aggregate as Aggregate, command, input);
  const sent = {
    ...event,
    ...{ aggregate: aggregate.name, aggregateId, command },
    input: encodedInput(codec, checked)?.toString('latin1'),
  };
  const { input: _input, ...names } = sent;
  if (Buffer.byteLength(JSON.stringify(names)) <= MAX_SENT_NAMES) return sent;
  throw new PayloadTooLargeError(
    `Command '${command.slice(0, 100)}': its names, and those of the event that sends it, take more than ${MAX_SENT_NAMES} bytes. Use shorter ones.`,
  );
}
