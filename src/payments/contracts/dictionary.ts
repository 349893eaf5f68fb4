/**
 * Reads TON dictionaries (`HashmapE`) of a hostile peer. `@ton/core`'s own reader visits every path: two
 * references to one cell, 256 levels deep, would never end. This one stops at a limit of entries. Edges: TON block.tlb `hm_edge`, `hml_short`, `hml_long`, `hml_same`.
 *
 * @module
 */
import type { Cell, Slice } from '@ton/core'
import { contractError } from './cells.js'

interface Label {
  readonly length: number
  readonly value: bigint
}

/** Reads the label of an edge that has `remaining` key bits below it. */
function loadLabel(slice: Slice, remaining: number): Label {
  const label = loadRawLabel(slice, remaining)
  if (label.length > remaining) throw contractError('dictionary label is longer than the key')
  return label
}

function loadRawLabel(slice: Slice, remaining: number): Label {
  if (!slice.loadBit()) {
    let length = 0
    while (slice.loadBit()) length++
    return { length, value: length === 0 ? 0n : slice.loadUintBig(length) }
  }
  const lengthBits = remaining === 0 ? 0 : 32 - Math.clz32(remaining)
  if (!slice.loadBit()) {
    const length = slice.loadUint(lengthBits)
    if (length > remaining) throw contractError('dictionary label is longer than the key')
    return { length, value: length === 0 ? 0n : slice.loadUintBig(length) }
  }
  const ones = slice.loadBit()
  const length = slice.loadUint(lengthBits)
  if (length > remaining) throw contractError('dictionary label is longer than the key')
  return { length, value: ones ? (1n << BigInt(length)) - 1n : 0n }
}

/** What {@link readDictionary} needs. */
export interface ReadDictionaryOptions {
  readonly keyBits: number
  /** Most entries that are accepted; one more is an error. */
  readonly maxEntries: number
  /** Names the dictionary in errors. */
  readonly what: string
}

/**
 * All entries of a `HashmapE` whose presence bit and reference come next in `slice`, in ascending key order.
 *
 * @returns Keys as unsigned numbers and slices that stand at the value.
 * @throws CocoonError `ERR_CONTRACT_STATE` when malformed or above the limit. May also throw `@ton/core`'s own errors,
 * so it is to be called inside `readCell`.
 */
export function readDictionary(slice: Slice, options: ReadDictionaryOptions): readonly (readonly [bigint, Slice])[] {
  const entries: (readonly [bigint, Slice])[] = []
  const root = slice.loadMaybeRef()
  if (root === null) return entries
  const visit = (cell: Cell, prefix: bigint, remaining: number): void => {
    const edge = cell.beginParse()
    const label = loadLabel(edge, remaining)
    const key = (prefix << BigInt(label.length)) | label.value
    const below = remaining - label.length
    if (below === 0) {
      if (entries.length >= options.maxEntries)
        throw contractError(`${options.what} has more than ${options.maxEntries} entries`)
      entries.push([key, edge])
      return
    }
    visit(edge.loadRef(), key << 1n, below - 1)
    visit(edge.loadRef(), (key << 1n) | 1n, below - 1)
  }
  visit(root, 0n, options.keyBits)
  return entries
}
