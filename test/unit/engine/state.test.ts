import { describe, expect, test } from 'vitest';
import { type EngineStage, EngineState } from '../../../src/engine/state.js';

/** A way to each stage. */
const WAYS: Readonly<Record<EngineStage, readonly EngineStage[]>> = {
  opening: [],
  open: ['open'],
  failed: ['open', 'failed'],
  recovering: ['open', 'failed', 'recovering'],
  closing: ['open', 'closing'],
  closed: ['open', 'closing', 'closed'],
};

const STAGES = Object.keys(WAYS) as EngineStage[];

function at(stage: EngineStage): EngineState {
  const state = new EngineState();
  for (const next of WAYS[stage]) expect(state.to(next)).toBe(true);
  expect(state.stage).toBe(stage);
  return state;
}

describe('the state of an engine', () => {
  test.each<[EngineStage, readonly EngineStage[]]>([
    ['opening', ['open', 'failed']],
    ['open', ['failed', 'closing']],
    ['failed', ['recovering', 'closing']],
    ['recovering', ['open', 'failed', 'closing']],
    ['closing', ['closed']],
    ['closed', []],
  ])('goes on from %s to nothing but %j', (stage, allowed) => {
    expect(STAGES.filter((next) => at(stage).to(next)).sort()).toEqual([...allowed].sort());
  });

  test('does not change when it refuses a step', () => {
    const state = at('closing');
    expect(state.to('failed')).toBe(false);
    expect(state.stage).toBe('closing');
  });

  test('says whether its owner has ended it', () => {
    expect(STAGES.filter((stage) => at(stage).isEnding)).toEqual(['closing', 'closed']);
  });
});
