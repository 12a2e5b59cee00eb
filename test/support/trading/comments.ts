import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../src/trading/', import.meta.url);

/**
 * The doc comments of the trading events' sources, on one line each: `X` for that of the constant X, and
 * `X.field` for that of a field within it. So the page says what the code says.
 */
export function readComments(): ReadonlyMap<string, string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return new Map(files.flatMap((name) => [...commentsOf(readFileSync(new URL(name, folder), 'utf8'))]));
}

function commentsOf(source: string): Map<string, string> {
  const comments = new Map<string, string>();
  let owner = '';
  let comment = '';
  let inside = false;
  for (const line of source.split('\n')) {
    if (line.trim().startsWith('/**')) {
      comment = '';
      inside = true;
    }
    if (inside) {
      const words = line.replace(/^\s*(\/\*\*|\*\/|\*)/, '').replace(/\*\/\s*$/, '');
      comment = `${comment} ${words.trim()}`.trim();
      inside = !line.includes('*/');
      continue;
    }
    const constant = /^(?:export )?const (\w+)/.exec(line)?.[1];
    const field = /^\s+(\w+)(?::|,$)/.exec(line)?.[1];
    if (constant) owner = constant;
    const name = constant ?? (field && `${owner}.${field}`);
    if (name && comment) comments.set(name, comment);
    comment = '';
  }
  return comments;
}
