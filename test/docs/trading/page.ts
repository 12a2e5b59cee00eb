import type { AnyEventType } from 'millrace';
import { allTradingEvents, EventTypes } from 'millrace/trading';
import type { z } from 'zod';
import * as decimals from '../../../dist/src/trading/decimal.js';
import * as kinds from '../../../dist/src/trading/fields.js';
import { upbit } from '../../../dist/src/trading/upbit.js';
import { readComments } from '../../support/trading/comments.js';
import {
  core,
  exampleOf,
  fieldRead,
  fieldsOf,
  followsBacktest,
  isOptional,
} from '../../support/trading/event-fields.js';

const comments = readComments();

/** The name of each kind of field, by its schema: the events share the schemas of fields.ts and decimal.ts. */
const KINDS = new Map<z.ZodType, string>(
  [...Object.entries(kinds), ...Object.entries(decimals), ['upbit', upbit] as const].flatMap(
    ([name, kind]): [z.ZodType, string][] => (isSchema(kind) ? [[kind, name]] : []),
  ),
);

const NAMES = new Map<string, string>(Object.entries(EventTypes).map(([name, type]) => [type, name]));

/** What the page docs/trading-events.md says below its marker: kinds of field, table of events, each event. */
export function eventReference(): string {
  return [
    '## Kinds of field',
    table(
      ['kind', 'what it takes'],
      [...KINDS].flatMap(([kind, name]) => (kind === upbit ? [] : [[code(name), note(name)]])),
    ),
    '## Upbit',
    note('upbit'),
    fieldTable('upbit', upbit.shape, []),
    '## The 43 events',
    table(
      ['#', 'event', 'type', 'also answers to', 'aggregate', 'ordered by'],
      allTradingEvents.map((definition, index) => summaryOf(definition, index + 1)),
    ),
    ...allTradingEvents.flatMap((definition, index) => sectionOf(definition, index + 1)),
    '',
  ].join('\n\n');
}

function summaryOf(definition: AnyEventType, number: number): string[] {
  const name = nameOf(definition);
  return [
    String(number),
    `[${name}](#${number}-${name.toLowerCase()})`,
    code(definition.type),
    definition.aliases.map(code).join(', '),
    code(fieldRead(definition.aggregateId)),
    keyOf(definition),
  ];
}

function sectionOf(definition: AnyEventType, number: number): string[] {
  const name = nameOf(definition);
  const aliases = definition.aliases.map((alias) => `, also ${code(alias)}`).join('');
  const belongs = `aggregate ${code(fieldRead(definition.aggregateId))}, ordered by ${keyOf(definition)}`;
  return [
    `### ${number}. ${name}`,
    `${code(definition.type)}${aliases}; ${belongs}.`,
    note(name),
    fieldTable(name, fieldsOf(definition), definition.volatile),
    `\`\`\`json\n${JSON.stringify(exampleOf(definition), null, 2)}\n\`\`\``,
  ];
}

function fieldTable(
  owner: string,
  fields: Readonly<Record<string, z.ZodType>>,
  volatile: readonly string[],
): string {
  const rows = Object.entries(fields).map(([name, field]) => [
    code(name) + (isOptional(field) ? '?' : ''),
    typeOf(field),
    [volatile.includes(name) ? '**Volatile.**' : '', comments.get(`${owner}.${name}`) ?? shared(name)]
      .join(' ')
      .trim(),
  ]);
  return table(['field', 'type', 'notes'], rows);
}

/** What is said of a field that several events share. */
function shared(name: string): string {
  return name === 'backtest_id' ? (comments.get('simulated.backtest_id') ?? '') : '';
}

function typeOf(field: z.ZodType): string {
  const inner = core(field);
  const nullable = !field.safeParse(null).success || inner.safeParse(null).success ? '' : ' or null';
  return typeName(inner) + nullable;
}

function typeName(schema: z.ZodType): string {
  const kind = KINDS.get(schema);
  if (kind !== undefined) return schema === upbit ? '[upbit](#upbit)' : kind;
  switch (schema.def.type) {
    case 'boolean':
      return 'boolean';
    case 'array':
      return `${typeName((schema as z.ZodArray<z.ZodType>).element)}[]`;
    case 'enum':
      return Object.values((schema as z.ZodEnum).enum)
        .map((value) => code(String(value)))
        .join(' ');
    default:
      throw new Error(`The page has no word for a field of the type ${schema.def.type}.`);
  }
}

function keyOf(definition: AnyEventType): string {
  const key = code(fieldRead(definition.partitionKey ?? definition.aggregateId));
  return followsBacktest(definition) ? `${key}, in a backtest by \`backtest_id\`` : key;
}

function nameOf(definition: AnyEventType): string {
  return NAMES.get(definition.type) ?? definition.type;
}

function note(name: string): string {
  const comment = comments.get(name);
  if (comment === undefined)
    throw new Error(`${name} has no doc comment; the page has nothing to say of it.`);
  return comment;
}

function code(value: string): string {
  return `\`${value}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}
