import { describe, expect, test } from 'vitest';
import { Endangered, Held } from '../../handlers/events.mjs';
import { Gate } from '../../support/gate.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { openPerilous } from '../../support/peril.js';

describe.each([0, 2])('a handler that does not end: %i threads', (threads) => {
  test('is named by health, with its key and since when, and forgotten when it ends', async () => {
    const gate = new Gate();
    const engine = await openTestEngine({
      threads,
      handlers: [handlers('gate')],
      shared: gate.shared,
      health: { stalledMs: 1500, latencyMs: 1e9 },
    });
    const told = new Promise<readonly string[]>((resolve) => {
      engine.onNotice((notice) => {
        if (notice.kind === 'health' && notice.status === 'DEGRADED') resolve(notice.reasons);
      });
    });
    engine.offer(Held({ gate: 'ada' }));
    const [reason] = await told;
    expect(reason).toMatch(/^Handlers 'gate' have not finished event 1 of key 'ada' for \d+ s, since \d{4}-/);
    expect(engine.health()).toMatchObject({ status: 'DEGRADED' });
    gate.open();
    await engine.drain();
    expect(engine.health()).toEqual({ status: 'HEALTHY', reasons: [] });
  });
});

test.each([-1, Number.NaN])('a threshold of %d is refused', async (stalledMs) => {
  await expect(openTestEngine({ health: { stalledMs } })).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
  });
});

describe('handlerTimeoutMs', () => {
  test('limits handlers without a limit of their own', async () => {
    const { engine } = await openPerilous({ threads: 1, timeoutMs: 0, handlerTimeoutMs: 50 });
    const event = Endangered({ id: 'a', number: 1, peril: 'hang' });
    await expect(engine.publish(event, { until: 'handled' })).rejects.toMatchObject({
      cause: { code: 'MILLRACE_HANDLER_TIMEOUT' },
    });
  });

  test.each([0, 1.5, 86_400_001])('of %d is refused', async (handlerTimeoutMs) => {
    await expect(openTestEngine({ handlerTimeoutMs })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
    });
  });
});
