import type { DomainEvent } from '../events/domain-event.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { visible } from '../kernel/visible.js';

/** An event of a story, and what it led to. */
interface Node {
  readonly event: DomainEvent;
  readonly children: readonly Node[];
}

/** A story as a tree, one event a line whatever its ids hold, with the time since the first one. */
export function traceTree(roots: readonly Node[]): string {
  checkRoots('traceTree', roots);
  const begin = roots[0]?.event.occurredAt ?? 0;
  const lines: string[] = [];
  const walk = ({ event, children }: Node, lead: string, indent: string) => {
    const { position, type, aggregateId, version, occurredAt } = event;
    const names = `${visible(type)}  ${visible(aggregateId)}`;
    lines.push(`${lead}${position}  ${names} v${version}  +${format(occurredAt - begin)}`);
    children.forEach((child, index) => {
      const last = index === children.length - 1;
      walk(child, `${indent}${last ? '└─ ' : '├─ '}`, `${indent}${last ? '   ' : '│  '}`);
    });
  };
  for (const root of roots) walk(root, '', '');
  return lines.join('\n');
}

/**
 * A story in the Chrome trace event format, for chrome://tracing and Perfetto: an instant for each event on a row
 * for its aggregate, and an arrow from each cause to what it led to. Times are microseconds since the first event.
 */
export function traceChrome(roots: readonly Node[]): { readonly traceEvents: readonly object[] } {
  checkRoots('traceChrome', roots);
  const begin = roots[0]?.event.occurredAt ?? 0;
  const rows = new Map<string, number>();
  const traceEvents: object[] = [];
  const place = ({ aggregateId, occurredAt }: DomainEvent) => {
    if (!rows.has(aggregateId)) {
      rows.set(aggregateId, rows.size + 1);
      traceEvents.push({
        ph: 'M',
        name: 'thread_name',
        pid: 1,
        tid: rows.size,
        args: { name: aggregateId },
      });
    }
    return { pid: 1, tid: rows.get(aggregateId), ts: (occurredAt - begin) * 1000 };
  };
  const walk = ({ event, children }: Node) => {
    const { id, type, position, version, data } = event;
    traceEvents.push({
      ph: 'X',
      name: type,
      cat: 'event',
      ...place(event),
      dur: 1,
      args: { id, position, version, data },
    });
    for (const child of children) {
      const flow = { name: 'led to', cat: 'cause', id: child.event.position };
      traceEvents.push({ ph: 's', ...flow, ...place(event) });
      walk(child);
      traceEvents.push({ ph: 'f', bp: 'e', ...flow, ...place(child.event) });
    }
  };
  for (const root of roots) walk(root);
  return { traceEvents };
}

function format(milliseconds: number): string {
  return Math.abs(milliseconds) < 1000
    ? `${Math.round(milliseconds * 1000) / 1000} ms`
    : `${Math.round(milliseconds) / 1000} s`;
}

function checkRoots(of: string, roots: readonly Node[]): void {
  const isNode = (node: Partial<Node> | null) =>
    Array.isArray(node?.children) && typeof node.event === 'object';
  if (Array.isArray(roots) && roots.every(isNode)) return;
  throw new InvalidOptionError(`${of} takes the roots of a trace, as traceStory and trace return them.`);
}
