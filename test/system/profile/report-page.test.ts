import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openEngine } from 'millrace';
import { writeReport } from 'millrace/profile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Allocated, Burned, Counted } from '../../handlers/planted.mjs';
import { CHROMIUM, Chromium } from '../../support/chromium.js';
import { storeFor } from '../../support/open-test-engine.js';
import { profilePlanted } from '../../support/planted.js';
import { handler, lane, plant } from '../../support/report-plant.js';
import { tempFolder } from '../../support/temp-folder.js';

const HOSTILE = '</script><script>window.broken = 1</script><img src=x onerror="window.broken=2">';

/** Text of the first element that a selector finds. */
const textOf = (selector: string) => `document.querySelector(${JSON.stringify(selector)})?.textContent`;

/** How many different colours the flame graph shows: a canvas that was not drawn has one. */
const COLOURS = `(() => {
  const canvas = document.querySelector('canvas.flame');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;

const click = (selector: string) => `document.querySelector(${JSON.stringify(selector)}).click()`;
const press = (key: string) =>
  `document.querySelector('canvas.flame').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', cancelable: true }))`;

describe.skipIf(CHROMIUM === undefined)(
  'report.html in Chromium (left out unless chromium is in PATH)',
  () => {
    let browser: Chromium;
    const complaints: string[] = [];
    const requests: string[] = [];
    let page = '';

    beforeAll(async () => {
      const engine = await openEngine({
        ...storeFor('os'),
        threads: 2,
        events: [Burned, Allocated, Counted],
        handlers: [new URL('../../handlers/planted.mjs', import.meta.url)],
        maxInFlight: 600,
      });
      const { report } = await profilePlanted(engine, { seconds: 1, directory: tempFolder() });
      await engine.close();
      page = pathToFileURL(report).href;
      browser = await Chromium.start(CHROMIUM ?? '');
      browser.on((method, params) => {
        if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') {
          complaints.push(JSON.stringify(params));
        }
        if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params));
        if (method === 'Network.requestWillBeSent') requests.push((params.request as { url: string }).url);
      });
    });
    afterAll(() => browser?.close());

    async function open(url: string, width = 1280, scheme = 'light'): Promise<void> {
      complaints.length = 0;
      requests.length = 0;
      const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false };
      await browser.send('Emulation.setDeviceMetricsOverride', metrics);
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await browser.send('Emulation.setEmulatedMedia', { features });
      await browser.open(url);
    }

    test.each([
      [1280, 'light'],
      [800, 'dark'],
    ])('%i pixels wide, %s: flame graph, table and verdict, and nothing fetched', async (width, scheme) => {
      await open(page, width, scheme);
      expect(await browser.evaluate<number>(COLOURS)).toBeGreaterThan(5);
      expect(await browser.evaluate<string>(textOf('#verdict h2'))).toMatch(/\d %/);
      expect(await browser.evaluate<string>(textOf('#handlers-table tbody'))).toContain(
        'planted/planted.burned',
      );
      expect(await browser.evaluate<string>(textOf('#threads'))).toContain('lane-1');
      expect(await browser.evaluate<string>(textOf('#facts'))).toContain(process.version);
      expect(
        await browser.evaluate<number>(`document.querySelectorAll('#memory svg').length`),
      ).toBeGreaterThan(3);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await browser.evaluate<number>(overflow)).toBe(0);
      const shot = await browser.screenshot();
      const path = join(process.env.MILLRACE_SCREENSHOTS ?? tempFolder(), `report-${width}-${scheme}.png`);
      writeFileSync(path, shot);
      // The PNG's width: the page's, without the scroll bar.
      expect(shot.readUInt32BE(16)).toBeGreaterThan(width - 30);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([page]);
    });

    test('search, allocations, one thread, keys and sorting work', async () => {
      await open(page);
      const detail = () => browser.evaluate<string>(textOf('#flame-detail'));
      expect(await detail()).toContain('of working time');
      await browser.evaluate(`(() => {
      const search = document.querySelector('#flame input');
      search.value = 'planted.burned';
      search.dispatchEvent(new Event('input'));
    })()`);
      const matched = Number.parseFloat(await browser.evaluate<string>(textOf('.matched')));
      expect(matched).toBeGreaterThan(10);
      expect(matched).toBeLessThanOrEqual(100);

      await browser.evaluate(click('#flame .switch button:last-child'));
      expect(await detail()).toMatch(/^[\d.]+ MiB allocated/);
      expect(await browser.evaluate<number>(COLOURS)).toBeGreaterThan(5);

      await browser.evaluate(click('#threads .bars li:nth-child(4) button'));
      expect(await browser.evaluate<string>(`document.querySelector('#flame select').value`)).toBe('writer');

      await browser.evaluate(press('ArrowDown'));
      const marked = await detail();
      expect(marked).toContain('self ');
      await browser.evaluate(press('Enter'));
      expect(await detail()).toBe(marked);
      await browser.evaluate(press('Escape'));
      expect(await detail()).toMatch(/^all · /);

      const cells = `[...document.querySelectorAll('#handlers-table tbody tr')].map((row) => row.cells[5].textContent)`;
      const events = async () =>
        (await browser.evaluate<string[]>(cells)).map((text) => Number(text.replaceAll(',', '')));
      await browser.evaluate(click('#handlers-table th:nth-child(6) button'));
      const down = await events();
      expect(down).toEqual([...down].sort((a, b) => b - a));
      await browser.evaluate(click('#handlers-table th:nth-child(6) button'));
      expect(await events()).toEqual([...down].sort((a, b) => a - b));
      expect(complaints).toEqual([]);
    });

    test('a click zooms to a function, and Reset goes back', async () => {
      await open(page);
      const row = `[...document.querySelector('canvas.flame').getContext('2d').getImageData(0, 30, 1200, 1).data].join()`;
      const before = await browser.evaluate<string>(row);
      const { x, y } = await browser.evaluate<{ x: number; y: number }>(`(() => {
      document.querySelector('canvas.flame').scrollIntoView();
      const { x, y } = document.querySelector('canvas.flame').getBoundingClientRect();
      return { x: x + 20, y: y + 70 };
    })()`);
      await browser.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
      expect(await browser.evaluate<string>(textOf('.tooltip'))).toMatch(/total .+self /);
      for (const type of ['mousePressed', 'mouseReleased']) {
        await browser.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
      }
      expect(await browser.evaluate<string>(row)).not.toBe(before);
      await browser.evaluate(
        `[...document.querySelectorAll('#flame button')].find((b) => b.textContent === 'Reset').click()`,
      );
      const detail = await browser.evaluate<string>(textOf('#flame-detail'));
      expect(detail).toMatch(/^all · /);
    });

    test('hostile names are shown as they are, and run nothing', async () => {
      const samples = [[[handler(HOSTILE, HOSTILE), [HOSTILE, HOSTILE, 1] as const], 900]] as const;
      const directory = plant([lane(0, samples, samples)], {
        handled: [{ lane: 0, type: HOSTILE, events: 1, busy: 1 }],
        hotKeys: [{ key: HOSTILE, share: 0.5 }],
        cpu: HOSTILE,
      });
      await writeReport(directory);
      const url = pathToFileURL(join(directory, 'report.html')).href;
      await open(url);
      expect(await browser.evaluate<string>('typeof window.broken')).toBe('undefined');
      expect(await browser.evaluate<string>(textOf('#verdict h2'))).toContain(HOSTILE);
      expect(await browser.evaluate<string>(textOf('#handlers-table'))).toContain(HOSTILE);
      expect(complaints).toEqual([]);
      expect(requests.filter((request) => !request.startsWith('data:'))).toEqual([url]);
    });

    test('a session of nothing has a page too', async () => {
      const directory = plant([], { queues: [], duration: 0 });
      await writeReport(directory);
      await open(pathToFileURL(join(directory, 'report.html')).href);
      expect(await browser.evaluate<string>(textOf('#verdict h2'))).toContain('Nothing is bound');
      expect(complaints).toEqual([]);
    });
  },
);
