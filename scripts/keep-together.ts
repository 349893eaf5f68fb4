/**
 * A plugin of esbuild that keeps groups of modules in one chunk each.
 *
 * esbuild has no such setting. It puts modules into one chunk when the same entries reach them, where an entry is also what
 * a dynamic import names. So every entry that reaches one module of a group is made to reach all of them, by an import
 * without names: it is dropped again, since the package has no side effects, but not before chunks are made.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

/** A group of modules. */
export interface ModuleGroup {
  /**
   * These, with all that they import statically and that is in no earlier group, are one chunk. A module with dynamic
   * imports should not share one with modules that are of use without it: bundlers keep what it might load.
   */
  readonly modules: readonly string[]
  /**
   * Dynamic imports that only run where the group is loaded already. They are made to reach it too, so that an
   * application's bundler, which splits by the same rule, does not set apart what they share with it.
   */
  readonly followers?: readonly string[]
}

/**
 * @param entries - Paths of the entries.
 * @param external - As in the build that gets the plugin.
 * @param groups - In the order in which they take modules.
 */
export async function keepTogether(
  entries: readonly string[],
  external: readonly string[],
  groups: readonly ModuleGroup[]
): Promise<Plugin> {
  const { inputs } = await readGraph(entries, external)
  const dynamic = Object.values(inputs).flatMap((input) => pathsOf(input, true))
  const reached = new Map([...entries, ...dynamic].map((path) => [path, reach(inputs, [path])]))
  const added = new Map<string, string>()
  const taken = new Set<string>()
  for (const { modules, followers = [] } of groups) {
    const members = [...reach(inputs, modules)].filter((path) => !taken.has(path))
    for (const path of members) taken.add(path)
    const imports = modules.map((path) => `\nimport ${JSON.stringify(resolve(path))}`).join('')
    for (const [entry, paths] of reached)
      if (followers.includes(entry) || members.some((path) => paths.has(path)))
        added.set(entry, (added.get(entry) ?? '') + imports)
  }
  return {
    name: 'keep-together',
    setup({ initialOptions, onLoad }) {
      initialOptions.logOverride = { ...initialOptions.logOverride, 'ignored-bare-import': 'silent' }
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const imports = added.get(relative(process.cwd(), path))
        return imports === undefined ? undefined : { contents: (await readFile(path, 'utf8')) + imports, loader: 'ts' }
      })
    }
  }
}

/** The modules with all that they import statically. */
function reach(inputs: Metafile['inputs'], modules: readonly string[]): Set<string> {
  const found = new Set(modules)
  // A set that grows is iterated to its end.
  for (const path of found) for (const next of pathsOf(inputs[path], false)) found.add(next)
  return found
}

function pathsOf(input: Metafile['inputs'][string] | undefined, isDynamic: boolean): string[] {
  const imports = input?.imports.filter(({ external, kind }) => !external && (kind === 'dynamic-import') === isDynamic)
  return (imports ?? []).map(({ path }) => path)
}

async function readGraph(entries: readonly string[], external: readonly string[]): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [...entries],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    external: [...external],
    outdir: 'unused',
    write: false,
    metafile: true,
    logLevel: 'error'
  })
  return metafile
}
