import { documentation, isInternal } from './comment.mjs';
import { bodyOf, statementsOf } from './statements.mjs';

/** @typedef {import('./exports.mjs').PublicName} PublicName */

/** The kinds in the order of a page, and their headings. */
const KINDS = /** @type {const} */ ([
  ['function', 'Functions'],
  ['class', 'Classes'],
  ['interface', 'Interfaces'],
  ['type', 'Types'],
  ['const', 'Values'],
]);

/** A declaration with more characters is written by a machine, as the schemas of event types are: its beginning is shown. */
const MOST_CHARACTERS = 600;

/**
 * The page of one subpath.
 *
 * @param {string} subpath such as `millrace/store`
 * @param {string} about in a sentence or two
 * @param {ReadonlyMap<string, PublicName>} names
 * @param {ReadonlyMap<string, string>} elsewhere names that have a page already, and which
 */
export function apiPage(subpath, about, names, elsewhere) {
  const own = [...names.values()].filter(({ name }) => !elsewhere.has(name));
  const parts = [`# \`${subpath}\``, about];
  const borrowed = [...names.keys()].filter((name) => elsewhere.has(name)).sort();
  if (borrowed.length > 0) {
    const links = borrowed.map((name) => `[\`${name}\`](${elsewhere.get(name)}#${anchor(name)})`);
    parts.push(`Described elsewhere: ${links.join(', ')}.`);
  }
  for (const [kind, heading] of KINDS) {
    const ofKind = own.filter((name) => name.kind === kind).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (ofKind.length > 0) parts.push(`## ${heading}`, ...ofKind.map(section));
  }
  return `${parts.join('\n\n')}\n`;
}

/** @param {string} name */
export const anchor = (name) => name.toLowerCase();

/** @param {PublicName} name */
function section({ name, kind, comment, code }) {
  const parts = [`### ${name}`, described(comment)];
  if (kind === 'class' || kind === 'interface') {
    const { head, body } = bodyOf(code);
    parts.push(fenced(bare(head)), members(body));
  } else if (kind === 'const' || bare(code).length > 4 * MOST_CHARACTERS) {
    parts.push(fenced(shortened(bare(code))));
  } else parts.push(fenced(bare(code, true)));
  return parts.filter((part) => part !== '').join('\n\n');
}

/**
 * The members of a class or an interface, each with its signature and its documentation.
 *
 * @param {string} body
 */
function members(body) {
  /** @type {string[]} */
  const lines = [];
  for (const { comment, code } of statementsOf(body)) {
    if (code.startsWith('#') || code.startsWith('private ') || isInternal(comment)) continue;
    const signature = bare(code)
      .replace(/;$/, '')
      .replace(/\s*\n\s*/g, ' ');
    const text = described(comment).replace(/\n\n/g, ' ').replace(/\n/g, ' ');
    lines.push(`- ${inCode(shortened(signature))}${text === '' ? '' : `  \n  ${text}`}`);
  }
  return lines.join('\n');
}

/** @param {string} comment */
function described(comment) {
  const { text, tags } = documentation(comment);
  const said = tags.flatMap(({ tag, text: of }) => {
    if (tag === 'throws') return [`**Throws** ${of}`];
    if (tag === 'returns') return [`**Returns** ${of}`];
    if (tag === 'param') return [`\`${of.split(' ')[0]}\`: ${of.slice(of.indexOf(' ') + 1)}`];
    return of === '' ? [] : [`**${tag}** ${of}`];
  });
  return [text, ...said].filter((part) => part !== '').join('\n\n');
}

/**
 * A declaration without the words that a reader needs not.
 *
 * @param {string} code
 * @param {boolean} [withComments] those inside it
 */
function bare(code, withComments = false) {
  const text = code
    .replace(/^(?:export )?(?:declare )?/gm, '')
    .replace(/import\("[^"]+"\)\.|import\('[^']+'\)\./g, '');
  return withComments ? text : text.replace(/\/\*\*?[\s\S]*?\*\/\s*/g, '');
}

/** @param {string} code */
function shortened(code) {
  return code.length <= MOST_CHARACTERS
    ? code
    : `${code.slice(0, code.indexOf('{') + 1 || 80).trimEnd()} … `.trimEnd();
}

/** @param {string} code */
const fenced = (code) => `\`\`\`ts\n${code}\n\`\`\``;

/** @param {string} code */
const inCode = (code) => (code.includes('`') ? `\`\` ${code} \`\`` : `\`${code}\``);
