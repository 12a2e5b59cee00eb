import { BASE_STYLE } from '../../page/style.js';

/** The report's style sheet. */
export const REPORT_STYLE = `${BASE_STYLE}
header { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 16px; align-items: start; }
header p { margin: 0; color: var(--faint); grid-column: 1; }
nav { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 2px 16px; margin-top: 8px; font-size: 14px; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
.cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 10px; }
.cards.of-6 { grid-template-columns: repeat(6, minmax(0, 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; min-width: 0; }
.card .label { color: var(--faint); font-size: 13px; }
.card .value { font-size: 22px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; white-space: nowrap; }
.card .note { color: var(--faint); font-size: 12px; }
.notes { background: var(--warn); border-left: 4px solid var(--warn-edge); padding: 10px 16px; font-size: 14px; }
.notes p { margin: 2px 0; }
canvas.chart { cursor: crosshair; touch-action: pan-y; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 4px 36px; align-items: start; }
.columns h3:first-child { margin-top: 6px; }
.statistics .columns { display: block; columns: 3 330px; column-gap: 32px; }
.statistics table { break-inside: avoid; margin-bottom: 18px; }
.statistics td, .statistics th { padding: 3px 6px; }
.statistics thead th { position: static; box-shadow: none; border-bottom: 1px solid var(--line); }
.statistics th[scope='row'] { font-weight: 400; white-space: normal; }
.statistics td { white-space: normal; }
.statistics td + td { color: var(--faint); }
.side-by-side { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 16px; align-items: start; }
.months td, .months th { text-align: center; padding: 4px 5px; font-size: 12px; font-variant-numeric: tabular-nums; border: 0; }
.months tbody tr:hover { background: none; }
.months td { border-radius: 4px; }
.months { border-collapse: separate; border-spacing: 2px; }
.months .total { font-weight: 600; }
.heat { overflow: auto; max-height: 560px; }
.histogram { display: block; width: 100%; height: auto; }
.histogram .gain { fill: var(--good); } .histogram .loss { fill: var(--bad); }
.histogram text { fill: var(--faint); font-size: 12px; }
.histogram line { stroke: var(--line); }
.facts dl div { font-size: 13px; }
.facts dd { max-width: 75%; }
.heatmap { border-collapse: separate; border-spacing: 2px; width: auto; }
.heatmap td, .heatmap th { border: 0; text-align: center; padding: 6px 9px; min-width: 54px; font-variant-numeric: tabular-nums; font-size: 12px; border-radius: 4px; }
.heatmap tbody tr:hover { background: none; }
.heatmap td.best { outline: 2px solid var(--ink); outline-offset: -2px; }
label { font-size: 13px; color: var(--faint); display: inline-flex; gap: 6px; align-items: center; }
label select { color: var(--ink); }
@media (max-width: 900px) { .cards.of-6 { grid-template-columns: repeat(3, minmax(0, 1fr)); } .side-by-side { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 640px) {
  .cards, .cards.of-6 { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .card .value { font-size: 19px; }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .facts dd { max-width: 62%; }
}
`;
