import { createHash } from 'node:crypto';
import { linkedScript } from './link-script.js';

/** What a page consists of. Its script finds an empty `main` with the id `report`, and the data by the id `data`. */
export interface Page {
  /** Text of the window's title. */
  readonly title: string;
  readonly style: string;
  /** The compiled module that draws the page; what it imports is put into the page with it. */
  readonly script: URL;
  /** What is shown where scripts are switched off. */
  readonly withoutScript: string;
  /** Anything that JSON knows. */
  readonly data: unknown;
}

/** Stands at the head of every page, so that an earlier one is known from a file of somebody else. */
export const GENERATOR = '<meta name="generator" content="Millrace">';

/** A page as one HTML file that opens from disk and asks nobody for anything. */
export async function pageDocument({ title, style, script, withoutScript, data }: Page): Promise<string> {
  const code = `\n${await linkedScript(script)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta http-equiv="Content-Security-Policy" content="${policyFor(code)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>${escaped(withoutScript)}</noscript>
<main id="report"></main>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${code}</script>
</body>
</html>
`;
}

/** The page runs its own script and nothing else, whatever names stand in its data; it asks nobody for anything. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/** JSON that cannot end the element it stands in. */
function embedded(data: unknown): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return text.replace(/[&<>]/g, (mark) => names[mark] ?? mark);
}
