/**
 * Reads declaration files as tsc writes them. Their form is regular: a comment, then one statement, which ends with a
 * semicolon, or with the brace that closes it. So a page of code is enough here, where TypeDoc would bring a second
 * compiler: it needs the JavaScript API of TypeScript 5, which TypeScript 7 no longer has.
 *
 * @typedef {object} Statement
 * @property {string} comment of the documentation comment before it: its text without asterisks
 * @property {string} code without the comment, as it is in the file
 */

const QUOTES = new Set(["'", '"', '`']);

/**
 * The index behind a comment or a string that begins at `start`; `start` itself when none begins there.
 *
 * @param {string} text
 * @param {number} start
 */
function behindOpaque(text, start) {
  if (text.startsWith('/*', start)) return text.indexOf('*/', start) + 2;
  if (text.startsWith('//', start)) return Math.max(text.indexOf('\n', start), start + 2);
  const quote = text[start] ?? '';
  if (!QUOTES.has(quote)) return start;
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === quote) return index + 1;
  }
  return text.length;
}

/**
 * The statements of a declaration file, or the members of an interface's or a class's body.
 *
 * @param {string} text
 * @returns {Statement[]}
 */
export function statementsOf(text) {
  /** @type {Statement[]} */
  const found = [];
  let comment = '';
  let begin = 0;
  let depth = 0;
  let index = 0;
  const end = () => {
    const code = text.slice(begin, index).trim();
    if (code !== '' && code !== ';') found.push({ comment, code });
    comment = '';
    begin = index;
  };
  while (index < text.length) {
    const isBetween = text.slice(begin, index).trim() === '';
    const behind = behindOpaque(text, index);
    if (behind > index) {
      if (isBetween && text[index] === '/') {
        if (text.startsWith('/**', index)) comment = commentText(text.slice(index, behind));
        begin = behind;
      }
      index = behind;
      continue;
    }
    const character = text[index++] ?? '';
    // In declarations an angle is a bracket, or the point of an arrow.
    const isArrow = character === '>' && text[index - 2] === '=';
    if ('([{<'.includes(character)) depth++;
    else if (')]}>'.includes(character) && !isArrow) depth--;
    if (depth > 0) continue;
    if (character === ';' || (character === '}' && endsWithBrace(text.slice(begin, index)))) end();
  }
  end();
  return found;
}

/**
 * Whether a statement that closes a brace at its outermost level is at its end.
 *
 * @param {string} code
 */
function endsWithBrace(code) {
  return /^\s*(?:export )?(?:declare )?(?:abstract )?(?:interface|class|enum|namespace|module|global)\b/.test(
    code,
  );
}

/**
 * A documentation comment without its asterisks.
 *
 * @param {string} comment
 */
function commentText(comment) {
  return comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

/**
 * The body of a declaration between its outermost braces, and what stands before it.
 *
 * @param {string} code
 * @returns {{ readonly head: string, readonly body: string }}
 */
export function bodyOf(code) {
  let index = 0;
  let depth = 0;
  for (; index < code.length; index++) {
    const behind = behindOpaque(code, index);
    if (behind > index) {
      index = behind - 1;
      continue;
    }
    const character = code[index] ?? '';
    // Type parameters and what a class extends may have braces of their own: `extends Base<{ … }>`.
    if (character === '<' || character === '(') depth++;
    else if ((character === '>' && code[index - 1] !== '=') || character === ')') depth--;
    else if (character === '{' && depth === 0) break;
  }
  return { head: code.slice(0, index).trim(), body: code.slice(index + 1, code.lastIndexOf('}')) };
}
