import { element } from '../../page/browser/dom.js';
import { Tooltip } from '../../page/browser/tooltip.js';
import type { PageData } from '../page-types.js';
import { factsPanel, headerOf } from './facts-panel.js';
import { FlamePanel } from './flame-panel.js';
import { handlerTable } from './handler-table.js';
import { memoryPanel } from './memory-panel.js';
import { threadBars } from './thread-bars.js';
import { timelinePanel } from './timeline-panel.js';
import { verdictPanel } from './verdict-panel.js';

const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? 'null');
const tooltip = new Tooltip();
const flame = new FlamePanel(data, tooltip);
const showThread = (name: string) => flame.showThread(name);
const searchFor = (handler: string) => flame.searchFor(handler);

(document.getElementById('report') ?? document.body).append(
  headerOf(data),
  verdictPanel(data.summary, { showThread, searchFor }),
  element(
    'div',
    { class: 'stack' },
    threadBars(data.summary.threads, showThread),
    flame.node,
    handlerTable(data.summary.handlers, { showThread, searchFor }),
    timelinePanel(data, tooltip),
    memoryPanel(data.session),
    factsPanel(data),
  ),
);
