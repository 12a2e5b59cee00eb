/** A value of a chart: `undefined` where nothing was measured. */
export interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

export interface Chart {
  readonly title: string;
  /** What was measured and on what, in one line. */
  readonly subtitle: string;
  /** Names along the x axis, in up to two lines; each series has a value for each. */
  readonly groups: readonly string[];
  readonly series: readonly Series[];
  /** Logarithmic y axis, for values that lie decades apart. */
  readonly logarithmic?: boolean;
  /** A dashed line across: a target. */
  readonly line?: { readonly value: number; readonly label: string };
  readonly format: (value: number) => string;
}

const WIDTH = 860;
const HEIGHT = 392;
const FRAME = { left: 76, right: 20, top: 86, bottom: 56 };
const INNER = { width: WIDTH - FRAME.left - FRAME.right, height: HEIGHT - FRAME.top - FRAME.bottom };

/** Colours that people with any colour vision tell apart (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9'];

const STYLE = `text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:16px;font-weight:600}
.muted{fill:#57606a;font-size:11px}.value{font-size:10px;text-anchor:middle}.tick{text-anchor:end}.group{text-anchor:middle}
.grid{stroke:#d0d7de}.target{stroke:#24292f;stroke-dasharray:5 4}`;

/** Grouped bars as SVG text: no library, because four charts need none. */
export function barChart(chart: Chart): string {
  const scale = makeScale(chart);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(chart.title)}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text class="title" x="16" y="26">${escapeText(chart.title)}</text>`,
    `<text class="muted" x="16" y="44">${escapeText(chart.subtitle)}</text>`,
    ...legend(chart.series),
    ...scale.ticks.flatMap((tick) => grid(tick, scale.y(tick), chart.format)),
    ...bars(chart, scale.y),
    ...targetLine(chart, scale.y),
    '</svg>\n',
  ].join('\n');
}

function makeScale({ series, line, logarithmic = false }: Chart) {
  const values = series.flatMap(({ values }) => values).filter((value) => value !== undefined && value > 0);
  const most = Math.max(...(values as number[]), line?.value ?? 0);
  if (logarithmic) {
    const low = Math.floor(Math.log10(Math.min(...(values as number[]))));
    const high = Math.ceil(Math.log10(most));
    const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
    return { ticks, y: (value: number) => toY((Math.log10(value) - low) / Math.max(1, high - low)) };
  }
  const step = niceStep(most / 5);
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { ticks, y: (value: number) => toY(value / top) };
}

/** 1, 2 or 5 times a power of ten: what people read easily on an axis. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

function toY(share: number): number {
  return FRAME.top + INNER.height * (1 - share);
}

function legend(series: readonly Series[]): string[] {
  let x = 16;
  return series.flatMap(({ name }, index) => {
    const at = x;
    x += 30 + name.length * 6.6;
    return [
      `<rect x="${at}" y="56" width="11" height="11" fill="${colour(index)}"/>`,
      `<text x="${at + 16}" y="66">${escapeText(name)}</text>`,
    ];
  });
}

function grid(tick: number, y: number, format: Chart['format']): string[] {
  return [
    `<line class="grid" x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/>`,
    `<text class="muted tick" x="${FRAME.left - 8}" y="${(y + 4).toFixed(1)}">${format(tick)}</text>`,
  ];
}

function bars({ groups, series, format }: Chart, y: (value: number) => number): string[] {
  const bottom = FRAME.top + INNER.height;
  const groupWidth = INNER.width / groups.length;
  const width = Math.min(64, (groupWidth * 0.8) / series.length);
  return groups.flatMap((group, groupIndex) => {
    const middle = FRAME.left + groupWidth * (groupIndex + 0.5);
    const left = middle - (width * series.length) / 2;
    const shapes = series.flatMap(({ values }, index) => {
      const value = values[groupIndex];
      if (value === undefined || Number.isNaN(value)) return [];
      const top = y(value);
      const x = left + width * index;
      return [
        `<rect x="${(x + 1).toFixed(1)}" y="${top.toFixed(1)}" width="${(width - 2).toFixed(1)}" height="${Math.max(0, bottom - top).toFixed(1)}" fill="${colour(index)}"/>`,
        `<text class="value" x="${(x + width / 2).toFixed(1)}" y="${(top - 4).toFixed(1)}">${format(value)}</text>`,
      ];
    });
    return [...shapes, ...groupLabel(group, middle, bottom)];
  });
}

/** Up to two lines below the axis: long names stand beside each other. */
function groupLabel(group: string, middle: number, bottom: number): string[] {
  return group
    .split('\n')
    .map(
      (line, index) =>
        `<text class="group" x="${middle.toFixed(1)}" y="${bottom + 20 + index * 16}">${escapeText(line)}</text>`,
    );
}

function targetLine({ line }: Chart, y: (value: number) => number): string[] {
  if (!line) return [];
  const at = y(line.value).toFixed(1);
  return [
    `<line class="target" x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${at}" y2="${at}"/>`,
    `<text class="muted" x="${FRAME.left + 4}" y="${Number(at) - 4}">${escapeText(line.label)}</text>`,
  ];
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
