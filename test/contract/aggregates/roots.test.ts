import { type DataOf, defineEvent } from 'millrace';
import { AggregateRoot, type AppliedEvent, repository } from 'millrace/aggregates';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { openTestEngine, storeFor } from '../../support/open-test-engine.js';

// The scenario of Castore's getting-started: a pokemon appears, is caught, and levels up, each as its rules allow.
const id = ({ pokemon }: { readonly pokemon: string }) => pokemon;
const Appeared = defineEvent('pokemon.appeared', {
  schema: z.object({ pokemon: z.string(), name: z.string(), level: z.number().int().default(1) }),
  aggregateId: id,
});
const Caught = defineEvent('pokemon.caught', { schema: z.object({ pokemon: z.string() }), aggregateId: id });
const LeveledUp = defineEvent('pokemon.leveled_up', {
  schema: z.object({ pokemon: z.string() }),
  aggregateId: id,
});
const events = [Appeared, Caught, LeveledUp];

class Pokemon extends AggregateRoot {
  name = '';
  level = 0;
  isCaught = false;

  static appear(pokemon: string, name: string, level?: number): Pokemon {
    const made = new Pokemon(pokemon);
    made.raise(Appeared({ pokemon, name, level }));
    return made;
  }

  catch(): void {
    if (this.isCaught) throw new Error(`${this.name} is caught already`);
    this.raise(Caught({ pokemon: this.id }));
  }

  levelUp(): void {
    if (this.level === 99) throw new Error('no level above 99');
    this.raise(LeveledUp({ pokemon: this.id }));
  }

  raiseAnything(event: never): void {
    this.raise(event);
  }

  protected override apply({ type, data }: AppliedEvent): void {
    if (type === 'pokemon.appeared')
      ({ name: this.name, level: this.level } = data as DataOf<typeof Appeared>);
    else if (type === 'pokemon.caught') this.isCaught = true;
    else this.level++;
  }
}

describe.each(['memory', 'disk'] as const)('a class of aggregates, %s', (durability) => {
  test('is loaded as it was saved', async () => {
    const engine = await openTestEngine({ events, ...storeFor(durability) });
    const pokemons = repository(engine, Pokemon);
    const made = Pokemon.appear('p1', 'Pikachu');
    made.levelUp();
    expect([made.version, made.level, made.raised.length]).toEqual([0, 2, 2]);
    expect(await pokemons.save(made)).toEqual({ position: 2, version: 2 });
    expect([made.version, made.raised]).toEqual([2, []]);
    made.catch();
    await pokemons.save(made);
    expect(await pokemons.save(made)).toBeUndefined();

    const loaded = await pokemons.load('p1');
    expect(loaded).toMatchObject({ id: 'p1', name: 'Pikachu', level: 2, isCaught: true, version: 3 });
    expect(loaded?.raised).toEqual([]);
    expect(await pokemons.load('p2')).toBeUndefined();
  });

  test('keeps what it could not save, because somebody else was first', async () => {
    const engine = await openTestEngine({ events, ...storeFor(durability) });
    const pokemons = repository(engine, Pokemon);
    await pokemons.save(Pokemon.appear('p', 'Abra'));
    const [one, other] = [await pokemons.load('p'), await pokemons.load('p')];
    one?.levelUp();
    other?.catch();
    await pokemons.save(one as Pokemon);
    await expect(pokemons.save(other as Pokemon)).rejects.toMatchObject({
      code: 'MILLRACE_CONCURRENCY',
      details: { expected: 1, actual: 2 },
    });
    expect(other?.raised).toHaveLength(1);
    const again = await pokemons.load('p');
    again?.catch();
    await pokemons.save(again as Pokemon);
    expect(await pokemons.load('p')).toMatchObject({ level: 2, isCaught: true });
  });

  test('keeps what is raised while it is saved', async () => {
    const engine = await openTestEngine({ events, ...storeFor(durability) });
    const pokemons = repository(engine, Pokemon);
    const made = Pokemon.appear('p', 'Abra', 5);
    const saving = pokemons.save(made);
    made.levelUp();
    await saving;
    expect(made.raised).toHaveLength(1);
    await pokemons.save(made);
    expect((await collect(engine)).map(({ type }) => type)).toEqual([
      'pokemon.appeared',
      'pokemon.leveled_up',
    ]);
    expect(await pokemons.load('p')).toMatchObject({ level: 6, version: 2 });
  });
});

test('raised events can be taken out, or forgotten', () => {
  const made = Pokemon.appear('p', 'Abra');
  expect(made.pullEvents().map(({ type }) => type)).toEqual(['pokemon.appeared']);
  expect(made.pullEvents()).toEqual([]);
  made.levelUp();
  made.clearEvents();
  expect(made.raised).toEqual([]);
  expect(made.level).toBe(2);
});

test('what does not fit is not raised, and changes nothing', () => {
  const made = Pokemon.appear('p', 'Abra');
  const code = (code: string) => expect.objectContaining({ code });
  expect(() => made.raiseAnything(Appeared({ pokemon: 'p', name: 5 as never }) as never)).toThrow(
    code('MILLRACE_SCHEMA_MISMATCH'),
  );
  expect(() => made.raiseAnything(Caught({ pokemon: 'q' }) as never)).toThrow(code('MILLRACE_INVALID_NAME'));
  expect(() => made.raiseAnything({ type: 'x', data: {} } as never)).toThrow(
    code('MILLRACE_UNKNOWN_EVENT_TYPE'),
  );
  expect(() => made.raiseAnything(undefined as never)).toThrow(code('MILLRACE_UNKNOWN_EVENT_TYPE'));
  expect(() => new Pokemon('')).toThrow(code('MILLRACE_INVALID_NAME'));
  expect(made).toMatchObject({ name: 'Abra', isCaught: false });
  expect(made.raised).toHaveLength(1);
});
