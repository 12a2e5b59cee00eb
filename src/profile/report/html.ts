import { createHash } from 'node:crypto';
import { linkedScript } from './link-script.js';
import type { PageData } from './page-types.js';
import { STYLE } from './style.js';

/** The report as one HTML file that needs nothing else. */
export async function reportPage(data: PageData): Promise<string> {
  const script = `\n${await linkedScript()}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Millrace profile</title>
<style>${STYLE}</style>
</head>
<body>
<noscript>This report is drawn by its own script, which is switched off here. The same numbers are in summary.md.</noscript>
<main id="report"></main>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** The page runs its own script and nothing else, whatever names events and handlers have; it asks nobody for anything. */
function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/** JSON that cannot end the element it stands in. */
function embedded(data: PageData): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}
