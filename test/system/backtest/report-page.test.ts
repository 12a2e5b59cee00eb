import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BacktestResult, type Candles, writeReport } from 'millrace/backtest';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  sampleCandles,
  sampleResult,
  sampleSweep,
  sampleWalk,
} from '../../support/backtest/report-sample.js';
import { CHROMIUM, Chromium } from '../../support/chromium.js';
import { tempFolder } from '../../support/temp-folder.js';

// A browser, or a sweep, starts here beside all other test files.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const HOSTILE = '</script><script>window.broken = 1</script><img src=x onerror="window.broken=2">';

const textOf = (selector: string) => `document.querySelector(${JSON.stringify(selector)})?.textContent`;

/** How many different colours a canvas shows: one that was not drawn has one. */
const coloursOf = (selector: string) => `(() => {
  const canvas = document.querySelector('${selector}');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;

/** Resolves once the page has drawn itself: it unpacks its columns first, and draws in a frame of its own. */
const DRAWN = `new Promise((resolve) => {
  const look = () => (document.querySelector('#facts') ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))) : requestAnimationFrame(look));
  look();
})`;

const FRAME =
  'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))';

describe.skipIf(CHROMIUM === undefined)(
  'reports of backtests in Chromium (left out unless chromium is in PATH)',
  () => {
    let browser: Chromium;
    let candles: Candles;
    let result: BacktestResult;
    let run = '';
    let sweep = '';
    let walk = '';
    const complaints: string[] = [];
    const requests: string[] = [];
    const folder = tempFolder();

    beforeAll(async () => {
      candles = sampleCandles();
      result = await sampleResult(candles);
      run = pathToFileURL(await writeReport(join(folder, 'run.html'), result, { candles })).href;
      sweep = pathToFileURL(
        await writeReport(join(folder, 'sweep.html'), await sampleSweep(candles), { candles }),
      ).href;
      walk = pathToFileURL(await writeReport(join(folder, 'walk.html'), await sampleWalk(candles))).href;
      browser = await Chromium.start(CHROMIUM ?? '');
      browser.on((method, params) => {
        if (['Runtime.exceptionThrown', 'Log.entryAdded', 'Runtime.consoleAPICalled'].includes(method)) {
          complaints.push(JSON.stringify(params));
        }
        if (method === 'Network.requestWillBeSent') requests.push((params.request as { url: string }).url);
      });
    });
    afterAll(() => browser?.close());

    async function open(url: string, width = 1280, scheme = 'light'): Promise<void> {
      complaints.length = 0;
      requests.length = 0;
      await browser.send('Emulation.setDeviceMetricsOverride', {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: false,
      });
      await browser.send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      });
      await browser.open(url);
      await browser.evaluate(DRAWN);
    }

    async function shoot(name: string): Promise<void> {
      const path = join(process.env.MILLRACE_SCREENSHOTS ?? folder, `${name}.png`);
      writeFileSync(path, await browser.screenshot());
    }

    test.each([
      [1280, 'light'],
      [1280, 'dark'],
      [390, 'light'],
      [390, 'dark'],
    ])('a run, %i pixels wide, %s: charts, statistics, months and trades, and nothing fetched', async (width, scheme) => {
      await open(run, width, scheme);
      await shoot(`run-${width}-${scheme}`);
      expect(complaints).toEqual([]);
      expect(await browser.evaluate<number>(coloursOf('#equity-chart'))).toBeGreaterThan(20);
      expect(await browser.evaluate<number>(coloursOf('#market-chart'))).toBeGreaterThan(20);
      expect(await browser.evaluate<string>(textOf('.cards'))).toMatch(/Total return.*%.*buy and hold \+95/);
      expect(await browser.evaluate<string>(textOf('#statistics'))).toContain(
        'Probability of Sharpe above 0',
      );
      expect(await browser.evaluate<string>(textOf('#months'))).toContain('2008');
      expect(await browser.evaluate<string>(textOf('#facts'))).toContain(result.fingerprint);
      expect(
        await browser.evaluate<number>(`document.querySelectorAll('#trades-table tbody tr').length`),
      ).toBeGreaterThan(20);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await browser.evaluate<number>(overflow)).toBe(0);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([run]);
    });

    test.each([
      [1280, 'light'],
      [1280, 'dark'],
      [390, 'light'],
    ])('a sweep, %i pixels wide, %s: ranking and heat map', async (width, scheme) => {
      await open(sweep, width, scheme);
      await shoot(`sweep-${width}-${scheme}`);
      expect(complaints).toEqual([]);
      expect(await browser.evaluate<string>(textOf('.cards'))).toMatch(/Deflated Sharpe/);
      expect(await browser.evaluate<number>(`document.querySelectorAll('.heatmap td').length`)).toBe(16);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await browser.evaluate<number>(overflow)).toBe(0);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([sweep]);
    });

    test('a walk-forward: its curve, and a window leads to its part of it', async () => {
      await open(walk);
      await shoot('walk');
      expect(await browser.evaluate<number>(coloursOf('#equity-chart'))).toBeGreaterThan(10);
      expect(
        await browser.evaluate<number>(`document.querySelectorAll('#windows-table tbody tr').length`),
      ).toBe(3);
      const picture = () =>
        browser.evaluate<string>(`document.querySelector('#equity-chart').toDataURL().slice(-4000)`);
      const whole = await picture();
      await browser.evaluate(`document.querySelector('#windows-table tbody button').click()`);
      await browser.evaluate(FRAME);
      expect(await picture()).not.toBe(whole);
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([walk]);
    });

    test('a trade leads to its candles, keys zoom and move, Escape shows all again', async () => {
      await open(run);
      const picture = () =>
        browser.evaluate<string>(`document.querySelector('#market-chart').toDataURL().slice(-4000)`);
      const whole = await picture();
      await browser.evaluate(`document.querySelector('#trades-table tbody tr:nth-child(30) button').click()`);
      await browser.evaluate(FRAME);
      const near = await picture();
      expect(near).not.toBe(whole);
      await shoot('run-trade');
      const press = (key: string) =>
        browser.evaluate(
          `document.querySelector('#market-chart').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', cancelable: true }))`,
        );
      await press('ArrowLeft');
      await browser.evaluate(FRAME);
      const moved = await picture();
      expect(moved).not.toBe(near);
      await press('+');
      await browser.evaluate(FRAME);
      expect(await picture()).not.toBe(moved);
      expect(complaints).toEqual([]);
    });

    test('the trades are sorted by their headings and filtered by what is typed and chosen', async () => {
      await open(run);
      const cells = (column: number) =>
        browser.evaluate<string[]>(
          `[...document.querySelectorAll('#trades-table tbody tr')].map((row) => row.cells[${column}].textContent)`,
        );
      const amounts = async () =>
        (await cells(8)).map((text) => Number(text.replace('−', '-').replaceAll(',', '')));
      await browser.evaluate(`document.querySelector('#trades-table th:nth-child(9) button').click()`);
      const down = await amounts();
      expect(down).toEqual([...down].sort((a, b) => b - a));
      await browser.evaluate(`document.querySelector('#trades-table th:nth-child(9) button').click()`);
      const up = await amounts();
      expect(up).toEqual([...up].sort((a, b) => a - b));
      await browser.evaluate(`(() => {
        const select = document.querySelector('#trades select');
        select.value = 'short';
        select.dispatchEvent(new Event('change'));
      })()`);
      expect(new Set(await cells(1))).toEqual(new Set(['short']));
      expect(await browser.evaluate<string>(textOf('#trades .matched'))).toMatch(/\d+ of \d+ rows/);
      expect(complaints).toEqual([]);
    });

    test('the heat map follows its choices, and the theme its button', async () => {
      await open(sweep);
      const first = await browser.evaluate<string>(textOf('.heatmap'));
      await browser.evaluate(`(() => {
        const select = document.querySelectorAll('#heat select')[2];
        select.value = 'trail';
        select.dispatchEvent(new Event('change'));
      })()`);
      expect(await browser.evaluate<string>(textOf('.heatmap'))).not.toBe(first);
      const page = `getComputedStyle(document.body).backgroundColor`;
      const light = await browser.evaluate<string>(page);
      await browser.evaluate(`document.querySelector('.theme').click()`);
      await browser.evaluate(`document.querySelector('.theme').click()`);
      expect(await browser.evaluate<string>(page)).not.toBe(light);
      expect(complaints).toEqual([]);
    });

    test('hostile names are shown as they are, and run nothing', async () => {
      const hostile = {
        ...result,
        identity: { ...result.identity, strategyId: HOSTILE, symbol: HOSTILE },
        parameters: { [HOSTILE]: HOSTILE },
        trades: result.trades.map((trade) => ({ ...trade, tag: HOSTILE })),
        logs: [{ time: 0, index: 0, text: HOSTILE }],
        plots: result.plots.map((plot) => ({ ...plot, name: HOSTILE })),
      };
      const url = pathToFileURL(await writeReport(join(folder, 'hostile.html'), hostile, { candles })).href;
      await open(url);
      expect(await browser.evaluate<string>('typeof window.broken')).toBe('undefined');
      expect(await browser.evaluate<string>(textOf('h1'))).toContain(HOSTILE);
      expect(await browser.evaluate<string>(textOf('#trades-table'))).toContain(HOSTILE);
      expect(complaints).toEqual([]);
      expect(requests.filter((request) => !request.startsWith('data:'))).toEqual([url]);
    });
  },
);
