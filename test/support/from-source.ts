import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** For unit tests: the package's own name, and its files in `dist`, are its sources. Nothing has to be built for them. */
export function fromSource(): { readonly find: RegExp; readonly replacement: string }[] {
  const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  };
  const entries = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            find: new RegExp(`^millrace${path.slice(1)}$`),
            replacement: ROOT + target.default.replace('./dist/', '').replace(/\.js$/, '.ts'),
          },
        ],
  );
  return [
    ...entries,
    { find: /^.*\/own-files\.js$/, replacement: `${ROOT}test/support/own-files-from-source.ts` },
    { find: /^(?:\.\.\/)+dist\/(.*)\.js$/, replacement: `${ROOT}$1.ts` },
  ];
}
