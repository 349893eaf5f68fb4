/**
 * Checks the house: every import runs to a lower level, rooms are entered through their index, there is no cycle, and
 * portable code names no runtime global. `npm run layers`; exits 1 and lists every violation.
 *
 * The levels are those of docs/architecture.md. Two rooms of one level never import each other.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const sourceRoot = join(root, 'src')

/** Room prefix (longest match wins) → level. Level 0 has an order of its own: errors below ports below the rest. */
const LEVELS = new Map([
  ['errors.ts', -2],
  ['runtime/ports', -1],
  ['runtime/shared', 0],
  ['encoding', 0],
  ['wire/frames', 1],
  ['wire/pow', 1],
  ['wire/tls', 1],
  ['attestation', 1],
  ['envelope', 1],
  ['payments/pricing', 1],
  ['payments/contracts', 1],
  ['payments/chain', 1],
  ['wire/ratls', 2],
  ['wire/session', 2],
  ['payments/registry', 2],
  ['payments/channel', 3],
  ['client/network', 3],
  ['client/openai', 3],
  ['client/gateway', 3],
  ['client', 4],
  ['gateway', 5],
  ['relay', 5],
  ['integrations', 5],
  ['devnet', 5],
  ['cli', 7]
])

/** Runtime leaves: below the entries, above nothing that has a meaning of its own. */
const LEAF = /^runtime\/(node|bun|deno|workerd|browser|default\.ts)/
const LEAF_LEVEL = 2
const LEAF_IMPORTERS = /^(runtime\/|devnet\/|cli\/|relay\/node)/
const ENTRY_LEVEL = 6

/** Where runtime globals and `node:` modules are at home. */
const NODE_ROOMS = /^(runtime\/(node|bun|deno)|relay\/node|devnet\/|cli\/)/
const FORBIDDEN_GLOBALS = new Set([
  'Buffer',
  'process',
  'Deno',
  'Bun',
  'require',
  '__dirname',
  '__filename',
  'global',
  'setImmediate'
])
/** Packages that need Buffer, and the rooms that may name them. */
const TON_PACKAGES = /^@ton\//
const TON_ROOMS = /^(payments\/|devnet\/)/

/** @returns {string[]} */
function sourceFiles(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    if (statSync(path).isDirectory()) return sourceFiles(path)
    return name.endsWith('.ts') ? [relative(sourceRoot, path)] : []
  })
}

/** Room of a file: the longest known prefix, `runtime/<leaf>`, or `entry`. */
function roomOf(file) {
  if (LEAF.test(file)) return { name: LEAF.exec(file)[0], level: LEAF_LEVEL }
  let best
  for (const [prefix, level] of LEVELS) {
    const inside = file === prefix || file.startsWith(`${prefix}/`)
    if (inside && (best === undefined || prefix.length > best.name.length)) best = { name: prefix, level }
  }
  if (best !== undefined) return best
  if (!file.includes('/')) return { name: `entry ${file}`, level: ENTRY_LEVEL }
  return undefined
}

/** Every module specifier of a file, with whether only types cross. */
function importsOf(sourceFile) {
  const found = []
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      found.push({ specifier: node.moduleSpecifier.text, node })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument !== undefined && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, node })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push({ specifier: node.argument.literal.text, node })
    }
    ts.forEachChild(node, visit)
  }
  visit(sourceFile)
  return found
}

/** Identifiers that name a runtime global (not a property, a declaration or a type of that name). */
function forbiddenGlobalsOf(sourceFile) {
  const found = []
  const visit = (node) => {
    if (ts.isIdentifier(node) && FORBIDDEN_GLOBALS.has(node.text)) {
      const parent = node.parent
      const isProperty =
        (ts.isPropertyAccessExpression(parent) &&
          parent.name === node &&
          parent.expression.getText() !== 'globalThis') ||
        ((ts.isPropertyAssignment(parent) ||
          ts.isPropertySignature(parent) ||
          ts.isMethodDeclaration(parent) ||
          ts.isPropertyDeclaration(parent) ||
          ts.isMethodSignature(parent)) &&
          parent.name === node) ||
        ts.isImportSpecifier(parent) ||
        ts.isExportSpecifier(parent)
      if (!isProperty) found.push(node)
    }
    ts.forEachChild(node, visit)
  }
  visit(sourceFile)
  return found
}

const problems = []
const graph = new Map()
const files = sourceFiles(sourceRoot)

function report(file, sourceFile, node, text) {
  const { line } = sourceFile.getLineAndCharacterOfPosition(node.getStart())
  problems.push(`src/${file}:${line + 1} ${text}`)
}

function checkRelativeImport(file, room, sourceFile, { specifier, node }) {
  const target = relative(sourceRoot, resolve(sourceRoot, dirname(file), specifier)).replace(/\.js$/, '.ts')
  if (!files.includes(target)) return report(file, sourceFile, node, `imports ${specifier}, which does not exist`)
  graph.get(file).push(target)
  const targetRoom = roomOf(target)
  if (targetRoom === undefined || targetRoom.name === room.name) return
  if (LEAF.test(target) && !LEAF_IMPORTERS.test(file) && room.level !== ENTRY_LEVEL) {
    return report(file, sourceFile, node, `only entries, devnet and cli may import a runtime leaf (${target})`)
  }
  if (targetRoom.level >= room.level && !(LEAF.test(file) && LEAF.test(target))) {
    return report(
      file,
      sourceFile,
      node,
      `level ${room.level} (${room.name}) imports level ${targetRoom.level} (${targetRoom.name})`
    )
  }
  const isPort = target.startsWith('runtime/') || target === 'errors.ts'
  const isIndex = target.endsWith('/index.ts') || !target.includes('/')
  if (!isPort && !isIndex && targetRoom.name !== 'encoding' && room.level !== ENTRY_LEVEL) {
    report(file, sourceFile, node, `reaches into ${targetRoom.name} (${target}) past its index`)
  }
}

for (const file of files) {
  const room = roomOf(file)
  const path = join(sourceRoot, file)
  const sourceFile = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true)
  graph.set(file, [])
  if (room === undefined) {
    problems.push(`src/${file} stands in no room`)
    continue
  }
  const portable = !NODE_ROOMS.test(file) && !isNodeEntry(file)
  for (const found of importsOf(sourceFile)) {
    const { specifier, node } = found
    if (specifier.startsWith('.')) checkRelativeImport(file, room, sourceFile, found)
    else if (specifier === '#runtime') {
      if (room.level !== ENTRY_LEVEL) report(file, sourceFile, node, 'only entries import #runtime')
    } else if (specifier.startsWith('node:') && portable)
      report(file, sourceFile, node, `portable code imports ${specifier}`)
    else if (TON_PACKAGES.test(specifier) && !TON_ROOMS.test(file) && room.level !== ENTRY_LEVEL) {
      report(file, sourceFile, node, `${specifier} needs Buffer; only payments and devnet may import it`)
    }
  }
  if (portable)
    for (const node of forbiddenGlobalsOf(sourceFile))
      report(file, sourceFile, node, `portable code names ${node.text}`)
}

/** Entries that exist for Node only. */
function isNodeEntry(file) {
  return file === 'node.ts' || file === 'devnet.ts' || file === 'relay.ts'
}

/** Depth-first search for import cycles between files. */
function findCycles() {
  const state = new Map()
  const stack = []
  const visit = (file) => {
    state.set(file, 'open')
    stack.push(file)
    for (const target of graph.get(file) ?? []) {
      if (state.get(target) === 'open')
        problems.push(`cycle: ${[...stack.slice(stack.indexOf(target)), target].join(' → ')}`)
      else if (!state.has(target)) visit(target)
    }
    stack.pop()
    state.set(file, 'done')
  }
  for (const file of graph.keys()) if (!state.has(file)) visit(file)
}
findCycles()

if (problems.length > 0) {
  console.error(problems.join('\n'))
  console.error(`layers: ${problems.length} violations in ${files.length} files`)
  process.exit(1)
}
console.log(
  `layers: ${files.length} files, ${graph.size === 0 ? 0 : [...graph.values()].flat().length} imports, no violation`
)
