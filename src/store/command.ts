import type { SentCommand } from '../events/sent-command.js';

/** A command of a handler as it lies in the store, until an aggregate has decided on it. */
export interface StoredCommand extends SentCommand {
  /** Its place among those of the log, from 1: they are sent in this order. */
  readonly number: number;
  /** Number of the name of the partition key of the event that led to it. */
  readonly key: number;
  /**
   * The event that led to it, of which handlers, and as the how many-eth command of these: from 0, and for an old event of
   * handlers that came later from a number on that no other of theirs has.
   */
  readonly position: number;
  readonly index: number;
}

/** What one transaction changes of commands: each of them once. */
export interface CommandChange {
  readonly put: readonly StoredCommand[];
  /** By their numbers. */
  readonly remove: readonly number[];
}

/** Which commands to read, in the order of their numbers. */
export interface CommandQuery {
  /** Only those of higher numbers. */
  readonly after: number;
  readonly limit: number;
}

/** What of a command lies in its row as one text. */
export type CommandFacts = Pick<
  StoredCommand,
  'handler' | 'aggregate' | 'aggregateId' | 'command' | 'causationId' | 'correlationId' | 'carrier'
>;

/** As JSON it is text whatever characters the names have. */
export function factsText(command: CommandFacts): string {
  const { handler, aggregate, aggregateId, command: name, causationId, correlationId, carrier } = command;
  return JSON.stringify([handler, aggregate, aggregateId, name, causationId, correlationId, carrier ?? null]);
}

/** The same again; undefined when the text is not what `factsText` makes. */
export function factsIn(text: string): CommandFacts | undefined {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(facts) || facts.length !== 7) return undefined;
  const texts: readonly unknown[] = facts.slice(0, 6);
  const carrier: unknown = facts[6];
  if (!texts.every((one): one is string => typeof one === 'string') || !isCarrier(carrier)) return undefined;
  const [handler, aggregate, aggregateId, command, causationId, correlationId] = texts as string[];
  if (handler === undefined || aggregate === undefined || aggregateId === undefined) return undefined;
  if (command === undefined || causationId === undefined || correlationId === undefined) return undefined;
  const names = { handler, aggregate, aggregateId, command, causationId, correlationId };
  return carrier === null ? names : { ...names, carrier };
}

function isCarrier(value: unknown): value is Readonly<Record<string, string>> | null {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value).every((one) => typeof one === 'string');
}
