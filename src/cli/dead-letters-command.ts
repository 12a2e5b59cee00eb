import { didYouMean } from '../events/nearest.js';
import { discardDeadLetters, openStoreReader, retryDeadLetters } from '../faces/store.js';
import type { DeadLetter } from '../index.js';
import { visible } from '../kernel/visible.js';
import { DEAD_LETTER_LINE_CHARACTERS, DEAD_LETTERS_LISTED } from '../limits.js';
import { type Command, parseCommand, refuseIdle, UsageError, wholeNumber } from './command.js';
import { jsonLine, print, shortened } from './output.js';
import { grouped } from './table.js';

const help = `millrace dead-letters FILE [list | retry | discard] [POSITION… | --all] [options]

The events whose handlers failed for good. A parked one holds back its key's later events; of a skipped one the
key went on.

  list       print them, one a line; of the given positions with the error's stack. Also while an engine has the
             file open
  retry      have them handled again by the next engine that opens the store
  discard    give them up: what is parked behind them is handled by the next engine that opens the store

retry and discard are for a store that no engine has open; in a running program use engine.deadLetters.

  --all        retry or discard all of them
  --limit N    list at most so many, without positions; default ${DEAD_LETTERS_LISTED}
  --json       print JSON: an object a line for list, one object for retry and discard
  --help       print this text
`;

interface Arguments {
  readonly file: string;
  readonly positions: readonly number[];
  readonly all: boolean;
  readonly limit: number;
  readonly json: boolean;
}

const ACTIONS: Readonly<Record<string, (given: Arguments) => Promise<void>>> = {
  list,
  retry: (given) => change(given, 'retry'),
  discard: (given) => change(given, 'discard'),
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      limit: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [file = '', name = 'list', ...rest] = positionals;
  if (file === '') throw new UsageError("'dead-letters' needs a file: millrace dead-letters FILE");
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) {
    throw new UsageError(
      `'dead-letters' cannot '${name}'. ${didYouMean(name, Object.keys(ACTIONS), 'It can')}`,
    );
  }
  const { all, limit, json } = values;
  if (name === 'list')
    refuseIdle({ all }, 'is of retry and discard; a list has all of them anyway, up to --limit');
  if (name !== 'list' || rest.length > 0) refuseIdle({ limit }, 'is of a list without positions');
  await action({
    file,
    positions: rest.map((text) => wholeNumber(text, 'POSITION', 1, Number.MAX_SAFE_INTEGER)),
    all,
    limit: wholeNumber(limit ?? String(DEAD_LETTERS_LISTED), '--limit', 1, Number.MAX_SAFE_INTEGER),
    json,
  });
  return 0;
}

async function list({ file, positions, limit, json }: Arguments): Promise<void> {
  using reader = openStoreReader(file);
  if (positions.length > 0) {
    const letters = positions.map((position) => reader.deadLetter(position));
    const text = (letter: DeadLetter) => `${lineOf(letter)}\n${stackOf(letter)}`;
    await print(letters.map((letter) => `${json ? jsonOf(letter) : text(letter)}\n`).join(''));
    return;
  }
  let listed = 0;
  for (const letter of reader.deadLetters()) {
    if (listed++ === limit) {
      if (!json) await print('… and more; see --limit\n');
      return;
    }
    await print(`${json ? jsonOf(letter) : lineOf(letter)}\n`);
  }
  if (listed === 0 && !json) await print('There are no dead letters.\n');
}

async function change(given: Arguments, action: 'retry' | 'discard'): Promise<void> {
  const { file, positions, all, json } = given;
  if (all === positions.length > 0) {
    throw new UsageError(
      `'dead-letters ${action}' needs positions or --all, one of the two: millrace dead-letters FILE ${action} POSITION…`,
    );
  }
  const edit = action === 'retry' ? retryDeadLetters : discardDeadLetters;
  const changed = edit(file, all ? 'all' : positions);
  const letters = `${grouped(changed.length)} dead letter${changed.length === 1 ? '' : 's'}`;
  if (json) await print(`${jsonLine(action === 'retry' ? { retried: changed } : { discarded: changed })}\n`);
  else if (action === 'retry')
    await print(`${letters} will be tried again when an engine opens the store.\n`);
  else await print(`${letters} discarded.\n`);
}

/** A dead letter in one line for a person. */
function lineOf(letter: DeadLetter): string {
  const { position, state, failedAt, type, aggregateId, version, key, attempts, handler, lane, error } =
    letter;
  const tries = `${attempts} ${attempts === 1 ? 'try' : 'tries'}`;
  const again = letter.retry ? '  will be tried again' : '';
  const date = new Date(failedAt);
  const time = Number.isNaN(date.getTime()) ? String(failedAt) : date.toISOString();
  const event = `${visible(type)}  ${visible(aggregateId)} v${version}  key ${visible(key)}`;
  return `${position}  ${state}  ${time}  ${event}  ${tries} by ${visible(handler)} on lane ${lane}${again}  ${messageOf(error)}`;
}

/** Messages of several lines are common, so their breaks are only left out. */
function messageOf({ name, message }: Error): string {
  return shortened(`${name}: ${message}`.replaceAll(/[\s\p{Cc}]+/gu, ' '), DEAD_LETTER_LINE_CHARACTERS);
}

function stackOf({ error }: DeadLetter): string {
  const lines = (error.stack ?? `${error.name}: ${error.message}`).split('\n');
  return lines.map((line) => `    ${line.replaceAll(/\p{Cc}/gu, ' ')}`).join('\n');
}

function jsonOf(letter: DeadLetter): string {
  return jsonLine({ ...letter, error: plainError(letter.error) });
}

/** An error's own fields are not enumerable, so JSON would leave them out. */
function plainError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    ...(code !== undefined && { code }),
    ...(stack !== undefined && { stack }),
    ...(cause instanceof Error && { cause: plainError(cause) }),
  };
}

export default { help, run } satisfies Command;
