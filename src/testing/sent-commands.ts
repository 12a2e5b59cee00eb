import { isDeepStrictEqual } from 'node:util';
import type { HandlerContext } from '../index.js';
import type { AnyAggregate } from '../lanes/aggregates/define-aggregate.js';
import { valueText } from './text.js';

/** A command that a handler has sent. */
export interface ExecutedCommand {
  /** Name of the aggregate's definition. */
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly command: string;
  /** As the handler gave it. */
  readonly input: unknown;
}

/** A command that a handler is expected to send. */
export interface ExpectedCommand {
  readonly aggregate: AnyAggregate;
  readonly aggregateId: string;
  readonly command: string;
  /** Left out: whatever it is. */
  readonly input?: unknown;
}

type Execute = (aggregate: AnyAggregate, aggregateId: string, command: string, input: unknown) => void;

/** The commands that the handlers of one event have sent, in order. */
export class HeardCommands {
  sent: ExecutedCommand[] = [];

  /** A context that notes what is sent with the given one. Everything else is the given one's own. */
  hearing(context: HandlerContext): HandlerContext {
    const execute: Execute = (aggregate, aggregateId, command, input) => {
      (context.execute as Execute).call(context, aggregate, aggregateId, command, input);
      this.sent.push({ aggregate: aggregate.name, aggregateId, command, input });
    };
    return new Proxy(context, {
      get: (target, name) => {
        if (name === 'execute') return execute;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  clear(): void {
    this.sent = [];
  }
}

/** What keeps commands from being the expected ones, a line each; empty when nothing does. */
export function commandDifferences(
  expected: readonly ExpectedCommand[],
  sent: readonly ExecutedCommand[],
): string[] {
  return Array.from({ length: Math.max(expected.length, sent.length) }, (_, index) => {
    const wanted = expected[index];
    const found = sent[index];
    if (!wanted) return `command ${index + 1} was not expected: ${found && commandText(found)}`;
    const text = commandText({ input: undefined, ...wanted, aggregate: wanted.aggregate.name });
    if (!found) return `command ${index + 1} was not sent: ${text}`;
    if (isAsWanted(wanted, found)) return '';
    return `command ${index + 1}: expected ${text}, got ${commandText(found)}`;
  }).filter((line) => line !== '');
}

function isAsWanted(
  { aggregate, ...wanted }: ExpectedCommand,
  { aggregate: name, ...found }: ExecutedCommand,
) {
  const hasInput = Object.hasOwn(wanted, 'input');
  return (
    name === aggregate.name && isDeepStrictEqual(hasInput ? wanted : { ...wanted, input: found.input }, found)
  );
}

function commandText({ aggregate, aggregateId, command, input }: ExecutedCommand): string {
  return `'${command}' to ${aggregate} '${aggregateId}' ${valueText(input)}`;
}
