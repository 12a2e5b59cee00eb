import { describe, expect, it } from 'vitest';
import { layOut, mergeGraphs, search } from '../../../dist/src/report/page/flame-model.js';
import { moved, ticks, zoomed } from '../../../dist/src/report/page/timeline-model.js';
import type { PageFrame } from '../../../dist/src/report/page-types.js';

const FRAMES: PageFrame[] = [
  ['(root)', '', 'program'],
  ['pump', 'runner.js:1:1', 'engine'],
  ['spin', 'handlers.js:2:1', 'handler'],
  ['(idle)', '', 'idle'],
];
const data = { frames: FRAMES, handlers: ['plant/plant.burn'] };

/** Root with `pump`, which calls `spin` for the handler; and idle time. */
const graph = (pump: number, spin: number, idle: number) => ({
  parents: [-1, 0, 1, 0],
  frames: [0, 1, 2, 3],
  weights: [0, pump, spin, idle],
  handlers: [-1, -1, 0, -1],
});

describe('the flame graph', () => {
  it('merges threads by function, and leaves idle time out', () => {
    const root = mergeGraphs(data, [graph(1, 4, 100), graph(2, 3, 100)]);
    expect(root.total).toBe(10);
    expect(root.children.map(({ name, self, total }) => [name, self, total])).toEqual([['pump', 3, 10]]);
    expect(root.children[0]?.children[0]).toMatchObject({
      name: 'spin',
      handler: 'plant/plant.burn',
      total: 7,
    });
  });

  it('finds functions, files and handlers, and counts nested finds once', () => {
    const root = mergeGraphs(data, [graph(2, 8, 1)]);
    expect(search(root, 'SPIN').share).toBeCloseTo(0.8);
    expect(search(root, 'plant.burn').nodes.size).toBe(1);
    const all = search(root, '.js');
    expect(all.nodes.size).toBe(2);
    expect(all.share).toBeCloseTo(1);
    expect(search(root, ' ')).toEqual({ nodes: new Set(), share: 0 });
    expect(search(root, 'absent').share).toBe(0);
  });

  it('counts a find below a find once, also with something else between them', () => {
    const nested = {
      parents: [-1, 0, 1, 2, 3],
      frames: [0, 1, 4, 2, 1],
      weights: [10, 0, 0, 5, 5],
      handlers: [],
    };
    const root = mergeGraphs({ frames: [...FRAMES, ['native', '', 'node']], handlers: [] }, [nested]);
    expect(search(root, '.js').nodes.size).toBe(3);
    expect(search(root, '.js').share).toBeCloseTo(0.5);
  });

  it('gives the zoomed box and its callers the full width, and its callees their part of it', () => {
    const root = mergeGraphs(data, [graph(2, 8, 1)]);
    const pump = root.children[0];
    if (!pump) throw new Error('pump is gone');
    const boxes = layOut(pump, 1000, 1);
    expect(boxes.map(({ node, x, width }) => [node.name, x, width])).toEqual([
      ['all', 0, 1000],
      ['pump', 0, 1000],
      ['spin', 0, 800],
    ]);
    expect(layOut(pump, 1000, 900)).toHaveLength(2);
  });
});

describe('the timeline', () => {
  it('has ticks at round instants', () => {
    expect(ticks({ start: 0, end: 1000 }, 4)).toEqual([0, 500, 1000]);
    expect(ticks({ start: 1130, end: 2900 }, 8)).toEqual([1500, 2000, 2500]);
  });

  it('zooms around an instant and moves, and never leaves the session', () => {
    const all = { start: 0, end: 1000 };
    expect(zoomed(all, 0.5, 600, 1000)).toEqual({ start: 300, end: 800 });
    expect(zoomed({ start: 0, end: 500 }, 4, 100, 1000)).toEqual(all);
    expect(zoomed(all, 1e-9, 500, 1000)).toEqual({ start: 499.75, end: 500.25 });
    expect(moved({ start: 700, end: 900 }, 500, 1000)).toEqual({ start: 800, end: 1000 });
    expect(moved({ start: 100, end: 300 }, -500, 1000)).toEqual({ start: 0, end: 200 });
  });
});
