import { documentation } from './comment.mjs';
import { REMEDIES } from './remedies.mjs';

/** @typedef {import('./exports.mjs').PublicName} PublicName */

/**
 * The page of all errors: the code of each, its class, what it means and what to do.
 *
 * @param {readonly (PublicName & { readonly errorCode: string })[]} errors
 */
export function errorsPage(errors) {
  const parts = [
    '# Errors',
    'Every error that Millrace throws is a `MillraceError` with a stable `code`. Tell errors apart by the code, or by `instanceof` with a class of `millrace/errors`; those of strategies are in `millrace/backtest`. The message names the case and says what to do about it; `details` has its values, `cause` the error behind it.',
  ];
  for (const { name, comment, errorCode } of errors) {
    const { text } = documentation(comment);
    parts.push(`## ${errorCode}`, `\`${name}\`. ${text}`, `**What to do:** ${remedyOf(errorCode)}`);
  }
  return `${parts.join('\n\n')}\n`;
}

/** @param {string} code */
function remedyOf(code) {
  const remedy = REMEDIES[code];
  if (remedy === undefined)
    throw new Error(`.ci/reference/remedies.mjs does not say what to do about ${code}.`);
  return remedy;
}

/**
 * The error classes among some names, with the codes that the built classes bear.
 *
 * @param {Iterable<PublicName>} names
 * @param {Readonly<Record<string, unknown>>} built the module that exports them
 * @returns {(PublicName & { readonly errorCode: string })[]}
 */
export function errorsAmong(names, built) {
  return [...names].flatMap((name) => {
    const value = built[name.name];
    const code = typeof value === 'function' && 'code' in value ? value.code : undefined;
    return typeof code === 'string' && code.startsWith('MILLRACE_') ? [{ ...name, errorCode: code }] : [];
  });
}
