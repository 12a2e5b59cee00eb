/**
 * A documentation comment, taken apart.
 *
 * @typedef {object} Documentation
 * @property {string} text as Markdown, with its paragraphs
 * @property {readonly { readonly tag: string, readonly text: string }[]} tags in their order
 */

const TAG = /(?:^|\s)@(throws|returns|param|internal|deprecated|example|see|typeParam|default)\b[ \t]*/g;

/**
 * @param {string} comment without asterisks
 * @returns {Documentation}
 */
export function documentation(comment) {
  const found = [...comment.matchAll(TAG)];
  const text = comment.slice(0, found[0]?.index ?? comment.length);
  const tags = found.map((match, place) => ({
    tag: match[1] ?? '',
    text: laidOut(comment.slice(match.index + match[0].length, found[place + 1]?.index ?? comment.length)),
  }));
  return { text: laidOut(text), tags };
}

/** @param {string} comment */
export function isInternal(comment) {
  return /(?:^|\s)@internal\b/.test(comment);
}

/**
 * Lines of a paragraph are joined; lists and code keep their lines.
 *
 * @param {string} text
 */
function laidOut(text) {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) =>
      /^(?:[-*|]|\d+\.|```)/m.test(paragraph) ? paragraph : paragraph.replace(/\s*\n\s*/g, ' '),
    )
    .join('\n\n')
    .replace(/\{@link ([^}]+)\}/g, '`$1`');
}
