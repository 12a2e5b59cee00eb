import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { statementsOf } from './statements.mjs';

/**
 * One public name.
 *
 * @typedef {object} PublicName
 * @property {string} name
 * @property {'class' | 'function' | 'interface' | 'type' | 'const'} kind
 * @property {string} comment its documentation, without asterisks and not yet laid out
 * @property {string} code its declaration, of a function all overloads
 * @property {string} file in which it is declared, below dist/src and without its ending
 */

const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(class|function|interface|type|const|enum)\s+([\w$]+)/;
const LISTED = /^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;$/s;
const IMPORTED = /^import (?:type )?\{([^}]*)\} from '(\.[^']+)';$/s;
const WHOLE = /^export (?:type )?\* from '([^']+)';$/;

/**
 * Everything that a module exports, by name, with the place where it is declared.
 *
 * @param {string} root folder of the declaration files
 * @param {string} file below it, without its ending
 * @returns {ReadonlyMap<string, PublicName>}
 */
export function exportsOf(root, file) {
  /** @type {Map<string, PublicName>} */
  const names = new Map();
  const statements = statementsOf(readFileSync(join(root, `${file}.d.ts`), 'utf8'));
  const declared = declarationsOf(statements, file);
  for (const { code } of statements) {
    const whole = WHOLE.exec(code);
    if (whole) for (const [name, found] of exportsOf(root, resolve(file, whole[1]))) names.set(name, found);
    const listed = LISTED.exec(code);
    for (const entry of listed?.[1]?.split(',') ?? []) {
      const [name = '', alias = name] = entry
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (name === '') continue;
      const from = listed?.[2] ?? (declared.has(name) ? undefined : importOf(statements, name));
      const found = (from === undefined ? declared : exportsOf(root, resolve(file, from))).get(name);
      if (!found) throw new Error(`${file}.d.ts exports ${name}, and it is declared nowhere.`);
      names.set(alias, { ...found, name: alias });
    }
    const own = code.startsWith('export ') ? DECLARED.exec(code)?.[2] : undefined;
    const found = own === undefined ? undefined : declared.get(own);
    if (found) names.set(found.name, found);
  }
  return names;
}

/**
 * @param {readonly import('./statements.mjs').Statement[]} statements
 * @param {string} file
 */
function declarationsOf(statements, file) {
  /** @type {Map<string, PublicName>} */
  const declared = new Map();
  for (const { comment, code } of statements) {
    const [, kind, name] = DECLARED.exec(code) ?? [];
    if (kind === undefined || name === undefined) continue;
    const before = declared.get(name);
    declared.set(name, {
      name,
      kind: /** @type {PublicName['kind']} */ (kind),
      comment: before?.comment || comment,
      code: before ? `${before.code}\n${code}` : code,
      file,
    });
  }
  return declared;
}

/**
 * The module that a file imports a name from, to export it again.
 *
 * @param {readonly import('./statements.mjs').Statement[]} statements
 * @param {string} name
 */
function importOf(statements, name) {
  for (const { code } of statements) {
    const [, list = '', from] = IMPORTED.exec(code) ?? [];
    if (list.split(',').some((one) => one.trim().replace(/^type /, '') === name)) return from;
  }
  return undefined;
}

/**
 * @param {string} file
 * @param {string | undefined} path
 */
function resolve(file, path = '') {
  return join(dirname(file), path).replace(/\.js$/, '');
}
