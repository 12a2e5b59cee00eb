/** The page's style sheet. Colours have names, so that the canvases take the ones of the scheme that is on. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1b2129; --faint: #5b6672; --line: #d9dee4; --track: #eff1f4;
  --accent: #0b62a8; --verdict: #fff6e6; --verdict-edge: #e08a1e; --bar: #dbe9f6; --found: #ff5fc4;
  --total: #cdd5de; --box-text: #14191f;
  --handler: #f3a55c; --user: #ecd265; --validation: #e79bb4; --msgpackr: #b9a0e6; --sqlite: #73bade; --engine: #81cb9f;
  --node: #b4bfca; --program: #d3d9df; --gc: #ea7a74; --idle: #e9ecf0;
  --batch: #f3a55c; --commit: #2f86c0; --checkpoint: #9a7bd8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1b2128; --ink: #e6eaef; --faint: #9aa6b3; --line: #313a44; --track: #232a32;
    --accent: #6cb8f5; --verdict: #2c2418; --verdict-edge: #e0954a; --bar: #24435e; --found: #ff7ad0;
    --total: #9aa6b2; --box-text: #0d1116;
    --handler: #e09a55; --user: #cdb54c; --validation: #cf7f9b; --msgpackr: #a98fdb; --sqlite: #5ea9cf; --engine: #66b587;
    --node: #8f9cab; --program: #76828f; --gc: #e0706a; --idle: #2b333c;
    --batch: #e09a55; --commit: #58a9de; --checkpoint: #a98fdb;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }
main { max-width: 1440px; margin: 0 auto; padding: 24px 24px 64px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; margin-bottom: 16px; }
header p { margin: 0; color: var(--faint); }
h1 { margin: 0; font-size: 24px; letter-spacing: -0.01em; }
h2 { margin: 0 0 12px; font-size: 18px; }
h3 { margin: 20px 0 4px; font-size: 15px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; min-width: 0; }
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; margin-top: 16px; }
section { scroll-margin-top: 12px; }

button, select, input { font: inherit; font-size: 14px; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
button[aria-pressed='true'] { background: var(--accent); border-color: var(--accent); color: var(--card); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.toolbar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-bottom: 10px; }
.toolbar input { flex: 1 1 220px; max-width: 340px; }
.toolbar .legend { flex: 1 1 auto; margin: 0; }
.switch { display: inline-flex; }
.switch button:not(:last-child) { border-radius: 6px 0 0 6px; }
.switch button:not(:first-child) { border-radius: 0 6px 6px 0; border-left: 0; }
.matched { min-width: 9em; color: var(--faint); font-variant-numeric: tabular-nums; }
.detail { margin: 8px 0 0; color: var(--faint); font-size: 13px; overflow-wrap: anywhere; }

#verdict { background: var(--verdict); border-left: 6px solid var(--verdict-edge); }
#verdict h2 { font-size: 21px; line-height: 1.35; margin-bottom: 6px; overflow-wrap: anywhere; }
#verdict p { margin: 2px 0; }
#verdict .try { font-weight: 600; }
#verdict .others { margin: 14px 0 0; padding: 12px 0 0 20px; border-top: 1px solid var(--line); display: grid; gap: 12px; }
#verdict .others strong { overflow-wrap: anywhere; }
.tags { display: flex; flex-wrap: wrap; gap: 6px; padding-top: 4px; font-size: 13px; }
.tags button, .tag { font-size: 13px; padding: 1px 9px; border-radius: 999px; border: 1px solid var(--line); background: var(--card); overflow-wrap: anywhere; }
.tag { color: var(--faint); }

.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 10px; padding: 0; font-size: 13px; color: var(--faint); }
.square { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
.bars li { display: grid; grid-template-columns: 130px minmax(0, 1fr) 104px 110px; gap: 12px; align-items: center; }
.bars button, td button, th button { border: 0; padding: 0; background: none; text-align: left; overflow-wrap: anywhere; }
.bars button, td button, tbody th button { color: var(--accent); }
.bars button:hover, td button:hover, tbody th button:hover { text-decoration: underline; }
.bar { display: flex; height: 22px; border-radius: 4px; overflow: hidden; background: var(--track); }
.bars .number, .bars .note { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; font-size: 14px; }
.bars .note { color: var(--faint); }

canvas { display: block; width: 100%; border-radius: 4px; }
.flame-frame { max-height: 620px; overflow-y: auto; border-radius: 4px; background: var(--track); }
.flame { cursor: pointer; }
.timeline { cursor: crosshair; touch-action: pan-y; }
.tooltip { position: fixed; z-index: 9; max-width: 460px; padding: 8px 12px; border-radius: 8px; border: 1px solid var(--line); background: var(--card); color: var(--ink); font-size: 13px; box-shadow: 0 6px 24px rgb(0 0 0 / 25%); pointer-events: none; overflow-wrap: anywhere; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th { font-size: 13px; vertical-align: bottom; }
thead th button { font-weight: 600; color: var(--faint); }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
.name { text-align: left; font-weight: 400; }
tbody .name button { white-space: normal; min-width: 9em; max-width: 30em; }
tbody td.name button { min-width: 0; white-space: nowrap; }
thead th button { overflow-wrap: normal; }
th[aria-sort='descending'] button::after { content: ' ▾'; }
th[aria-sort='ascending'] button::after { content: ' ▴'; }
thead th[aria-sort$='ending'] button { color: var(--ink); }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(280px, 1fr)); gap: 16px; }
.chart { margin: 0; }
.chart figcaption { font-size: 13px; color: var(--faint); margin-bottom: 4px; }
.chart strong { color: var(--ink); }
.chart svg { display: block; width: 100%; height: 90px; background: var(--track); border-radius: 4px; }

.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 8px 36px; }
dl { margin: 0; font-size: 14px; }
dl div { display: flex; justify-content: space-between; gap: 16px; padding: 3px 0; border-bottom: 1px solid var(--line); }
dt { color: var(--faint); overflow-wrap: anywhere; }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
ul.notes { margin: 4px 0 0; padding-left: 20px; font-size: 14px; }

@media (max-width: 900px) {
  main { padding: 16px 14px 48px; }
  section { padding: 14px; }
  .bars li { grid-template-columns: 104px minmax(0, 1fr) 92px; gap: 8px; }
  .bars .note { display: none; }
  th, td { padding: 5px; }
  th { white-space: normal; }
  table, thead th, td button, tbody th button { font-size: 12px; }
  thead th button { padding: 0; font-size: 12px; }
  tbody .name button { min-width: 0; }
  thead th.number button { text-align: right; }
  .bars .number { font-size: 13px; }
  td.number { white-space: nowrap; }
  .matched:empty { display: none; }
}
`;
