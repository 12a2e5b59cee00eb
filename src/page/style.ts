const LIGHT = `
  --page: #f5f6f8; --card: #ffffff; --ink: #17202a; --faint: #5d6875; --line: #dde2e8; --track: #f0f2f5; --hover: #f4f7fa;
  --accent: #0b62a8; --second: #c2571a; --good: #12805c; --bad: #c2352b; --good-soft: #d8efe6; --bad-soft: #f9dfdc;
  --up: #1a9a72; --down: #d5493f; --up-fill: #1a9a72; --down-fill: #d5493f; --grid: #eaedf1; --shade: #0b62a81f;
  --plot-1: #7a4fc0; --plot-2: #c2871a; --plot-3: #2089a8; --plot-4: #b0417f; --benchmark: #8793a0; --warn: #fff5e0; --warn-edge: #d98a1f;`;

const DARK = `
  --page: #101419; --card: #181d24; --ink: #e7ebf0; --faint: #99a5b2; --line: #2b333d; --track: #212831; --hover: #1f262e;
  --accent: #66b3f2; --second: #f09a5c; --good: #45c596; --bad: #f07a70; --good-soft: #173d31; --bad-soft: #462522;
  --up: #3fbf92; --down: #ea6a60; --up-fill: #3fbf92; --down-fill: #ea6a60; --grid: #222a33; --shade: #66b3f224;
  --plot-1: #b794f4; --plot-2: #e0b050; --plot-3: #5cc4de; --plot-4: #e487ba; --benchmark: #7f8b98; --warn: #2c2416; --warn-edge: #d9963f;`;

/** The style sheet that pages share: colours by name in two schemes, type, cards, tables, and what printing leaves out. */
export const BASE_STYLE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root:not([data-theme]) { color-scheme: dark; ${DARK} } }
:root[data-theme='dark'] { color-scheme: dark; ${DARK} }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 24px 24px 64px; display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
noscript { display: block; padding: 24px; }
h1 { margin: 0; font-size: 24px; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 10px; font-size: 17px; }
h3 { margin: 18px 0 4px; font-size: 14px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; min-width: 0; scroll-margin-top: 12px; }
button, select, input { font: inherit; font-size: 13px; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; min-height: 30px; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
button[aria-pressed='true'] { background: var(--accent); border-color: var(--accent); color: var(--card); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.toolbar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-bottom: 10px; }
.toolbar input[type='search'] { flex: 0 1 240px; }
.toolbar .legend { flex: 1 1 auto; }
.matched, .detail { color: var(--faint); font-size: 13px; font-variant-numeric: tabular-nums; }
.detail { margin: 8px 0 0; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0; font-size: 13px; color: var(--faint); }
.square { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.scroll { overflow: auto; max-height: 560px; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; text-align: left; }
tbody tr:last-child > * { border-bottom: 0; }
tbody tr:hover { background: var(--hover); }
thead th { position: sticky; top: 0; z-index: 1; background: var(--card); color: var(--faint); font-weight: 600; box-shadow: inset 0 -1px var(--line); }
thead th button, td button { border: 0; padding: 0; min-height: 0; background: none; font-weight: inherit; }
td button { color: var(--accent); }
td button:hover { text-decoration: underline; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
th[aria-sort='descending'] button::after { content: ' ▾'; }
th[aria-sort='ascending'] button::after { content: ' ▴'; }
thead th[aria-sort$='ending'] button { color: var(--ink); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.data-table > button { margin-top: 10px; }
canvas { display: block; width: 100%; border-radius: 6px; }
dl { margin: 0; font-size: 14px; }
dl div { display: flex; justify-content: space-between; gap: 16px; padding: 3px 0; border-bottom: 1px solid var(--line); }
dt { color: var(--faint); }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; }
@media (max-width: 640px) {
  main { padding: 14px 10px 40px; gap: 10px; }
  section { padding: 12px; }
  h1 { font-size: 20px; }
  th, td { padding: 4px 7px; }
}
@media print {
  body { background: #fff; }
  main { max-width: none; padding: 0; }
  section { break-inside: avoid; border-color: #ccc; }
  .toolbar, .theme, .hint, nav, .data-table > button { display: none; }
  .scroll { max-height: none; overflow: visible; border: 0; }
}
`;
