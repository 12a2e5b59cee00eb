import { createInterface, type Interface } from 'node:readline';
import { MillraceError } from '../faces/errors.js';
import { openStoreReader, SQL_TABLES } from '../faces/store.js';
import { visible } from '../kernel/visible.js';
import { complain, print } from './output.js';
import { table } from './table.js';

const HELP = `A statement ends with a semicolon and may have several lines. Ctrl-C drops what is typed; while a statement
runs it ends the command. Nothing can be written: a statement only reads.

  .tables   the tables, and what they hold
  .schema   their columns
  .help     this text
  .quit     end; so do Ctrl-D and .exit
`;

/**
 * Reads statements from stdin, each up to its semicolon, and has them answered one after the other. At a terminal an
 * error is shown and the next statement asked for; in a script it is the end.
 *
 * @returns the exit code.
 */
export async function prompt(file: string, answer: (sql: string) => Promise<void>): Promise<number> {
  // What is wrong with the file is said before anything is asked for.
  openStoreReader(file).close();
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) await print(`${visible(file)}, read-only. '.help' says more, '.quit' ends.\n`);
  // Nothing is awaited from here to the loop: lines that come before it listens would be lost.
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal && { output: process.stdout, historySize: 200 }),
    terminal: isTerminal,
  });
  const input = new StatementReader(lines, isTerminal);
  try {
    for await (const statement of input) {
      try {
        if (!(await obey(statement))) return 0;
        if (!statement.startsWith('.')) await uncooked(lines, isTerminal, () => answer(statement));
      } catch (error) {
        if (!isTerminal || !(error instanceof MillraceError)) throw error;
        complain(`${error.code}: ${visible(error.message)}\n`);
      }
    }
    return 0;
  } finally {
    lines.close();
  }
}

/** While a statement runs Ctrl-C is the signal that ends a process, not a key that nobody reads. */
async function uncooked(lines: Interface, isTerminal: boolean, run: () => Promise<void>): Promise<void> {
  if (!isTerminal) return run();
  lines.pause();
  process.stdin.setRawMode(false);
  try {
    await run();
  } finally {
    process.stdin.setRawMode(true);
    lines.resume();
  }
}

/** Does what a line with a dot says. @returns whether to go on. */
async function obey(statement: string): Promise<boolean> {
  if (!statement.startsWith('.')) return true;
  switch (statement) {
    case '.quit':
    case '.exit':
      return false;
    case '.tables':
      await print(
        `${table(
          ['<table', '<holds'],
          SQL_TABLES.map(({ form, about }) => [form, about]),
        )}\n`,
      );
      return true;
    case '.schema':
      for (const { form, columns } of SQL_TABLES) await print(`${form}\n  ${columns.join(', ')}\n`);
      return true;
    default:
      await print(statement === '.help' ? HELP : `There is no '${visible(statement)}'.\n${HELP}`);
      return true;
  }
}

/** The statements that are typed: lines up to a semicolon, or one line with a dot. */
class StatementReader implements AsyncIterable<string> {
  readonly #lines: Interface;
  readonly #isTerminal: boolean;
  #typed = '';

  constructor(lines: Interface, isTerminal: boolean) {
    this.#lines = lines;
    this.#isTerminal = isTerminal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    this.#lines.on('SIGINT', () => {
      const isIdle = this.#typed === '' && this.#lines.line === '';
      this.#typed = '';
      process.stdout.write('\n');
      // On an empty line it is meant for the prompt itself.
      if (isIdle) return this.#lines.close();
      this.#lines.write(null, { ctrl: true, name: 'u' });
      this.#ask();
    });
    this.#ask();
    for await (const line of this.#lines) {
      if (this.#typed === '' && line.trim().startsWith('.')) yield line.trim().replace(/;$/, '');
      else {
        this.#typed += `${line}\n`;
        for (const statement of this.#finished()) yield statement;
      }
      this.#ask();
    }
    // The last statement of a script may do without.
    if (!this.#isTerminal && !isEmpty(this.#typed)) yield this.#typed;
  }

  /** Takes what is complete of what was typed. */
  *#finished(): Generator<string> {
    for (let end = endOf(this.#typed); end > 0; end = endOf(this.#typed)) {
      const statement = this.#typed.slice(0, end);
      this.#typed = this.#typed.slice(end).trimStart();
      if (!isEmpty(statement)) yield statement;
    }
    if (isEmpty(this.#typed)) this.#typed = '';
  }

  #ask(): void {
    if (!this.#isTerminal) return;
    this.#lines.setPrompt(this.#typed === '' ? 'millrace> ' : '     ...> ');
    this.#lines.prompt();
  }
}

/** Quoted texts, names and comments, in which a semicolon ends nothing. */
const WHOLE =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*\n|\/\*[\s\S]*?\*\/|(?!--|\/\*)[^'"`[;]/y;

/** Where the first statement of a text ends, behind its semicolon; 0 while it goes on. */
function endOf(text: string): number {
  let at = 0;
  while (at < text.length) {
    if (text[at] === ';') return at + 1;
    WHOLE.lastIndex = at;
    const part = WHOLE.exec(text);
    // A quotation or a comment that has not ended yet.
    if (!part) return 0;
    at += part[0].length;
  }
  return 0;
}

/** Whether a text is nothing but white space, semicolons and comments. */
function isEmpty(text: string): boolean {
  return /^(?:[\s;]|--[^\n]*\n|\/\*[\s\S]*?\*\/)*$/.test(text);
}
