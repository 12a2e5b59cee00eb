import type { Engine, EngineOptions, Notice } from 'millrace';
import { Added, Asked, Heard, SAGA_EVENTS } from '../handlers/saga-box.mjs';
import { collect } from './collect.js';
import { handlers, openTestEngine } from './open-test-engine.js';

export const SAGA: Partial<EngineOptions> = {
  events: SAGA_EVENTS,
  handlers: [handlers('saga')],
  aggregates: [handlers('saga-box')],
};

/** An engine whose handlers send the commands that events tell them to. */
export function openSaga(options: Partial<EngineOptions> = {}): Promise<Engine> {
  return openTestEngine({ ...SAGA, ...options });
}

type Asking = Parameters<typeof Asked>[0];

/** An event whose handlers send these commands. */
export const asked = (key: string, sends: Asking['sends'], end?: Asking['end']) =>
  Asked({ key, sends, ...(end && { end }) });

/** What is in each box, in the order of its versions. */
export async function boxesOf(engine: Engine): Promise<Record<string, number[]>> {
  const boxes: Record<string, number[]> = {};
  for (const { data } of await collect(engine, { types: [Added] })) {
    const { box, n } = data as { box: string; n: number };
    boxes[box] = [...(boxes[box] ?? []), n];
  }
  return boxes;
}

/** How often a handler has heard of what was added. */
export const heardIn = async (engine: Engine) => (await collect(engine, { types: [Heard] })).length;

/** What an engine tells of commands from now on. */
export function noticesOf(engine: Engine): Extract<Notice, { kind: `command-${string}` }>[] {
  const told: Extract<Notice, { kind: `command-${string}` }>[] = [];
  engine.onNotice((notice) => {
    if (notice.kind === 'command-refused' || notice.kind === 'command-held') told.push(notice);
  });
  return told;
}
