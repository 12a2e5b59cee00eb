import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/**
 * Who writes which field of a name's entry (`NameEntry`, and `KeyState` that it extends). An entry is one object with
 * the state of many, because an event touches most of it at once and each further object would cost a look-up; so what
 * keeps it in order is that every field has one owner.
 */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'lanes/scheduler.ts': [
    'place',
    'lane',
    'head',
    'tail',
    'queued',
    'inFlight',
    'waits',
    'stalled',
    'returned',
  ],
  'engine/failures/failed-keys.ts': ['failing', 'attempts', 'firstFailedAt'],
  'engine/failures/parking.ts': ['held'],
  'engine/intake/in-flight.ts': ['unfinished'],
  'engine/sequence/directory.ts': ['id'],
  'engine/sequence/key-runs.ts': ['ahead'],
  'engine/states/state-keeper.ts': ['states'],
  'engine/sequence/sequencer.ts': [
    'isNew',
    'version',
    'position',
    'keyId',
    'keyName',
    'keyPosition',
    'reserved',
    'slabSerial',
    'nameOffset',
    'nameLength',
  ],
};

const FIELDS = Object.values(OWNERS).flat();

/** An assignment to a field of what the code calls a key, an aggregate or an entry. */
const WRITE = new RegExp(
  `(?:\\b(?:key|aggregate|entry|names\\.\\w+)\\.(${FIELDS.join('|')})\\s*(?:=(?![=>])|[-+]=|\\+\\+|--|\\?\\?=))` +
    `|(?:(?:\\+\\+|--)(?:key|aggregate|entry)\\.(${FIELDS.join('|')})\\b)`,
  'g',
);

function declaredFields(file: string, name: string): string[] {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  const body = text.slice(text.indexOf(`class ${name} `));
  return [...body.slice(0, body.indexOf('\n}')).matchAll(/^ {2}(?:readonly )?(\w+)(?::| =)/gm)].map(
    ([, field = '']) => field,
  );
}

describe('a name’s entry', () => {
  it('has an owner for each of its fields but its name, which never changes', () => {
    const declared = [
      ...declaredFields('lanes/key-state.ts', 'KeyState'),
      ...declaredFields('engine/sequence/directory.ts', 'NameEntry'),
    ];
    expect(declared.filter((field) => field !== 'name').sort()).toEqual([...FIELDS].sort());
  });

  it('is written by the owners alone, each its own fields', () => {
    const writers = new Map<string, Set<string>>();
    for (const room of ['engine', 'lanes']) {
      for (const name of readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts')) continue;
        const text = readFileSync(join(root, 'src', room, name), 'utf8');
        for (const [, field, other] of text.matchAll(WRITE)) {
          const file = `${room}/${name}`;
          writers.set(file, (writers.get(file) ?? new Set()).add(field ?? other ?? ''));
        }
      }
    }
    const found = Object.fromEntries([...writers].map(([file, fields]) => [file, [...fields].sort()]));
    const owners = Object.entries(OWNERS).map(([file, fields]) => [file, [...fields].sort()]);
    expect(found).toEqual(Object.fromEntries(owners));
  });
});
