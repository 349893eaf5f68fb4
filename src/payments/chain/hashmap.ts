/**
 * One path through a TON dictionary whose other branches may be pruned. Edges: block.tlb `hm_edge`, `hml_short`,
 * `hml_long`, `hml_same`.
 *
 * @module
 */
import type { Cell, Slice } from '@ton/core'

interface Label {
  readonly length: number
  readonly value: bigint
}

function loadLabel(slice: Slice, remaining: number): Label {
  if (!slice.loadBit()) {
    let length = 0
    while (slice.loadBit()) length++
    return { length, value: length === 0 ? 0n : slice.loadUintBig(length) }
  }
  const lengthBits = remaining === 0 ? 0 : 32 - Math.clz32(remaining)
  const same = slice.loadBit()
  const ones = same && slice.loadBit()
  const length = slice.loadUint(lengthBits)
  if (same) return { length, value: ones ? (1n << BigInt(length)) - 1n : 0n }
  return { length, value: length === 0 ? 0n : slice.loadUintBig(length) }
}

/**
 * The leaf of `key`, its slice standing after the label (at the augmentation, if there is one), or `null` when the path
 * shows that the key is absent. Throws a plain error when the path is malformed or pruned; callers wrap it.
 */
export function lookUp(root: Cell, key: bigint, keyBits: number): Slice | null {
  let cell = root
  let remaining = keyBits
  for (;;) {
    const edge = cell.beginParse()
    const label = loadLabel(edge, remaining)
    if (label.length > remaining) throw new Error('label longer than the key')
    const below = remaining - label.length
    if (((key >> BigInt(below)) & ((1n << BigInt(label.length)) - 1n)) !== label.value) return null
    if (below === 0) return edge
    const next = cell.refs[Number((key >> BigInt(below - 1)) & 1n)]
    if (next === undefined) throw new Error('fork without a branch')
    cell = next
    remaining = below - 1
  }
}
