/**
 * What a terminal obeys, or hides, instead of showing it: control characters of both sets, line separators, halves of
 * characters, and what turns the direction of writing or is invisible. Joiners are letters' and emoji's own business.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text that comes from data, for one line of a terminal: an id with a line break must not look like two rows, nor an
 * escape sequence clear the screen. Escapes are those of JSON, so JSON stays JSON and means the same.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/** As `visible`, for text of several lines: line breaks stay. */
export function visibleLines(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
