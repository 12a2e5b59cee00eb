/** One family of metrics in Prometheus' text format. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const NUMBER = /^(?:[+-]?Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Reads text of the exposition format 0.0.4, as strictly as its specification; throws at what is not of it. */
export function parseExposition(text: string): readonly Family[] {
  if (!text.endsWith('\n')) throw new Error('The last line must end with a line feed.');
  const families: (Family & { samples: Sample[] })[] = [];
  const lines = text.slice(0, -1).split('\n');
  lines.forEach((line, index) => {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line);
    const family = families.at(-1);
    if (comment) {
      const [, keyword, name = '', rest = ''] = comment;
      if (keyword === 'HELP') {
        if (families.some((other) => other.name === name)) throw new Error(`${name} comes twice.`);
        families.push({ name, help: rest, kind: kindOf(name, lines[index + 1]), samples: [] });
      } else if (family?.name !== name) throw new Error(`TYPE of ${name} stands alone.`);
      return;
    }
    const sample = sampleOf(line);
    if (!family || !belongs(sample.name, family)) throw new Error(`'${line}' is of no family.`);
    const key = JSON.stringify([sample.name, sample.labels]);
    if (family.samples.some((other) => JSON.stringify([other.name, other.labels]) === key)) {
      throw new Error(`'${line}' comes twice.`);
    }
    family.samples.push(sample);
  });
  return families;
}

function kindOf(name: string, line = ''): string {
  const kind = new RegExp(`^# TYPE ${name} (counter|gauge|histogram|summary|untyped)$`).exec(line)?.[1];
  if (!kind) throw new Error(`${name} has no TYPE after its HELP.`);
  return kind;
}

function belongs(name: string, family: Family): boolean {
  if (family.kind !== 'histogram') return name === family.name;
  return ['_bucket', '_sum', '_count'].some((suffix) => name === `${family.name}${suffix}`);
}

function sampleOf(line: string): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === '' || !NUMBER.test(value)) throw new Error(`'${line}' is no sample.`);
  return { name, labels: labelsOf(labels), value: Number(value) };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (!match) throw new Error(`'${text}' are no labels.`);
    const [, name = '', value = ''] = match;
    if (name in labels) throw new Error(`Label ${name} comes twice.`);
    labels[name] = value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  }
  return labels;
}
