import { readFile } from 'node:fs/promises';

/**
 * The page's compiled modules as one classic script: a page that was opened from disk may not import other files.
 *
 * Each module becomes a function of its own that returns what it exports. This knows only the few forms that the
 * page's modules use, and refuses the rest.
 */
export async function linkedScript(entry: URL): Promise<string> {
  const linker = new Linker();
  await linker.add(entry, []);
  return linker.text;
}

class Linker {
  /** Each module's variable, by its address. */
  readonly #variables = new Map<string, string>();
  readonly #bodies: string[] = [];

  get text(): string {
    return `'use strict';\n${this.#bodies.join('\n')}\n`;
  }

  /** Adds a module after those that it imports, and tells its variable. */
  async add(module: URL, importers: readonly string[]): Promise<string> {
    const known = this.#variables.get(module.href);
    if (known !== undefined) return known;
    if (importers.includes(module.href))
      throw new Error(`Modules of the page import one another: ${module.href}.`);
    const { code, exported, imported } = split(await readFile(module, 'utf8'), module);
    const lines: string[] = [];
    for (const { names, from } of imported) {
      const variable = await this.add(new URL(from, module), [...importers, module.href]);
      lines.push(`const {${names.replace(/ as /g, ': ')}} = ${variable};`);
    }
    const own = `module${this.#bodies.length}`;
    this.#variables.set(module.href, own);
    const body = [...lines, code.trim(), `return { ${exported.join(', ')} };`].join('\n');
    this.#bodies.push(`const ${own} = (() => {\n${body}\n})();`);
    return own;
  }
}

/** A module's code without its imports and exports, and these. */
function split(text: string, module: URL) {
  const exported: string[] = [];
  const imported: { names: string; from: string }[] = [];
  const code = text
    .replace(/^import \{([^}]*)\} from '(\.\.?\/[^']+)';$/gm, (_, names: string, from: string) => {
      imported.push({ names, from });
      return '';
    })
    .replace(
      /^export ((?:async )?(?:function|class|const) (\w+))/gm,
      (_, declaration: string, name: string) => {
        exported.push(name);
        return declaration;
      },
    )
    .replace(/^export \{\};$/gm, '')
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '');
  if (/^(import|export)\b/m.test(code))
    throw new Error(`${module.href} has an import or export of another form.`);
  return { code, exported, imported };
}
