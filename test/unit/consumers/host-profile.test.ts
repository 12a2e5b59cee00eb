import { expect, test } from 'vitest';
import { HostProfile } from '../../../dist/src/consumers/host-profile.js';

test('A profile that starts beside another order to the same thread, the first two that it gets, has its samples.', async () => {
  const profile = new HostProfile('c');
  const order = { do: 'start', cpu: true, heap: false, intervalMicros: 1000 } as const;
  await Promise.all([profile.obey(order), profile.obey({ do: 'answer' })]);
  const reading = await profile.obey({ do: 'stop' });
  expect(reading?.cpuProfile).toBeDefined();
});

test('A profile that is to start and to end at once, as a busy thread finds it, has samples.', async () => {
  const profile = new HostProfile('c');
  const order = { do: 'start', cpu: true, heap: true, intervalMicros: 1000 } as const;
  const [, reading] = await Promise.all([profile.obey(order), profile.obey({ do: 'stop' })]);
  expect(reading?.cpuProfile).toBeDefined();
  expect(reading?.heapProfile).toBeDefined();
});
