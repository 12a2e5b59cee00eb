import { button, element } from './dom.js';

const THEMES = ['auto', 'light', 'dark'] as const;

type Theme = (typeof THEMES)[number];

const listeners = new Set<() => void>();

/** Calls back whenever colours change: by the button, by the system, and for printing, which is always light. */
export function onTheme(redraw: () => void): void {
  listeners.add(redraw);
}

function changed(): void {
  for (const redraw of listeners) redraw();
}

/** A button that goes round the system's colours, light and dark; and printing in light ones. */
export function themeButton(): HTMLElement {
  const root = document.documentElement;
  let theme: Theme = 'auto';
  const show = (shown: Theme) => {
    if (shown === 'auto') delete root.dataset.theme;
    else root.dataset.theme = shown;
    changed();
  };
  const made = button('Theme: auto', 'Colours of the page: those of the system, light or dark', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
    made.textContent = `Theme: ${theme}`;
    show(theme);
  });
  made.classList.add('theme');
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  window.addEventListener('beforeprint', () => show('light'));
  window.addEventListener('afterprint', () => show(theme));
  return made;
}

/** Colours of the style sheet by their names, in the scheme that is on. */
export function palette<Name extends string>(names: readonly Name[]): Record<Name, string> {
  const style = getComputedStyle(document.documentElement);
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Record<Name, string>;
}

/** A list of coloured squares with what they stand for. */
export function legend(entries: readonly (readonly [colour: string, label: string])[]): HTMLElement {
  const items = entries.map(([name, label]) => {
    const square = element('span', { class: 'square', 'aria-hidden': 'true' });
    square.style.background = `var(--${name})`;
    return element('li', {}, square, label);
  });
  return element('ul', { class: 'legend' }, ...items);
}
