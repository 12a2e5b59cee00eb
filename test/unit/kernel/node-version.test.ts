import { NodeTooOldError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { NODE_NEEDED, requireNode } from '../../../dist/src/kernel/node-version.js';
import packageJson from '../../../package.json' with { type: 'json' };

// That every way in is guarded is tried on a real Node.js 20: `npm run test:node -- 20`.
describe('the version of Node.js', () => {
  test.each(['18.20.8', '20.20.2', '21.7.3', '22.0.0', '22.17.1'])('%s is refused', (version) => {
    expect(() => requireNode(version)).toThrow(NodeTooOldError);
    expect(() => requireNode(version)).toThrow(
      `needs Node.js ${NODE_NEEDED} or newer, and this is ${version}`,
    );
  });

  test.each([
    '22.18.0',
    '22.23.3',
    '23.0.0',
    '24.1.0',
    '26.10.0',
    '100.0.0',
    '27.0.0-nightly20270101',
  ])('%s is taken', (version) => expect(() => requireNode(version)).not.toThrow());

  test('that is needed is the one of package.json', () => {
    expect(packageJson.engines.node).toBe(`>=${NODE_NEEDED}`);
  });

  test('that runs the tests is one that is taken', () => {
    expect(() => requireNode()).not.toThrow();
  });
});
