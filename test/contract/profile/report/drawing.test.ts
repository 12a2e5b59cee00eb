import { pathToFileURL } from 'node:url';
import { writeReport } from 'millrace/profile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, Chromium } from '../../../support/chromium.js';
import { engine, GC, handler, IDLE, lane, plant, user } from '../../../support/report-plant.js';

const pump = engine('pump');
const BURN = handler('plant', 'plant.burn');

/** A lane of which every number is known; a tenth of it is user code that belongs to no handler. */
const LANE = lane(
  0,
  [
    [[pump, BURN, user('spin', 4)], 400],
    [[user('spin', 4)], 100],
    [[GC], 100],
    [[user('tick', 90)], 100],
    [[pump], 100],
    [[IDLE], 200],
  ],
  [[[pump, BURN], 3 * 1024 * 1024]],
);

const steps = Array.from({ length: 25 }, (_, index) => index * 40);
const spans = steps.flatMap((start) => [
  { thread: 'lane-0', kind: 'batch', start, end: start + 30, events: 9 },
  { thread: 'writer', kind: 'commit', start, end: start + 20 },
]);

// What is drawn is known, so it can be asserted to the colour and to the number.
describe.skipIf(CHROMIUM === undefined)('what the report draws (left out unless chromium is in PATH)', () => {
  let browser: Chromium;

  beforeAll(async () => {
    const folder = plant([LANE, { name: 'writer', role: 'writer', cpu: [[[IDLE], 1000]] }], { spans });
    await writeReport(folder);
    browser = await Chromium.start(CHROMIUM ?? '');
    await browser.open(pathToFileURL(`${folder}/report.html`).href);
  });
  afterAll(() => browser?.close());

  /** Part of a canvas, 0 to 1, that has exactly a colour of the style sheet. */
  const partOf = (selector: string, name: string) =>
    browser.evaluate<number>(`(() => {
      const canvas = document.querySelector('${selector}');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const hex = getComputedStyle(document.documentElement).getPropertyValue('--${name}').trim();
      const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) found++;
      }
      return found / (data.length / 4);
    })()`);
  const textOf = (selector: string) =>
    browser.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  const press = (key: string) =>
    browser.evaluate(
      `document.querySelector('canvas.flame').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}' }))`,
    );

  it('the flame graph in the colours of the rooms, more of what took more', async () => {
    const [ofHandlers, ofUser, ofGc] = [
      await partOf('canvas.flame', 'handler'),
      await partOf('canvas.flame', 'user'),
      await partOf('canvas.flame', 'gc'),
    ];
    expect(ofHandlers).toBeGreaterThan(3 * ofUser);
    expect(ofUser).toBeGreaterThan(0.001);
    expect(ofGc).toBeGreaterThan(0.001);
  });

  it('the timeline with batches and commits', async () => {
    expect(await partOf('canvas.timeline', 'batch')).toBeGreaterThan(0.01);
    expect(await partOf('canvas.timeline', 'commit')).toBeGreaterThan(0.01);
    expect(await partOf('canvas.timeline', 'checkpoint')).toBe(0);
  });

  it('the part that a search finds, also behind an await', async () => {
    await browser.evaluate(`(() => {
      const input = document.querySelector('#flame input');
      input.value = 'plant.burn';
      input.dispatchEvent(new Event('input'));
    })()`);
    // 400 ms below the handler, 100 behind its await, and 100 of garbage collection that these caused; of 800.
    expect(await textOf('.matched')).toBe('75.0 % matched');
    expect(await partOf('canvas.flame', 'found')).toBeGreaterThan(0.01);
  });

  it('the handler’s name above what went on after its await', async () => {
    await press('Escape');
    await press('ArrowDown');
    await press('ArrowRight');
    expect(await textOf('#flame-detail')).toMatch(
      /^plant\/plant\.burn after await · .*total 200 ms, 25\.0 % · self 0/,
    );
    await press('ArrowDown');
    expect(await textOf('#flame-detail')).toMatch(/^spin · .*runs for plant\/plant\.burn/);
  });

  it('time on a lane that no handler is known of', async () => {
    expect(await textOf('#unattributed')).toMatch(
      /^lane-0: 100 ms of your code ran from a timer, or after an await/,
    );
  });
});
