/**
 * A chain of two blocks, masterchain and shard, with one account, and its proofs: what a lite server would give.
 *
 * @module
 */
import { Address, beginCell, type Builder, Cell, convertToMerkleProof, Dictionary, storeAccount } from '@ton/core'
import type { AccountProof, MasterchainBlock } from '../../../src/payments/chain/index.js'

export const boc = (...cells: Cell[]): Uint8Array => {
  // @ton/core writes one root only; two roots need a header of our own.
  if (cells.length === 1) return new Uint8Array((cells[0] ?? Cell.EMPTY).toBoc({ idx: false, crc32: false }))
  return multiRootBoc(cells)
}

export function multiRootBoc(roots: readonly Cell[]): Uint8Array {
  const order: Cell[] = []
  const seen = new Map<string, number>()
  const visit = (cell: Cell): void => {
    const key = cell.hash().toString('hex')
    if (seen.has(key)) return
    seen.set(key, -1)
    for (const ref of cell.refs) visit(ref)
    order.push(cell)
  }
  for (const root of roots) visit(root)
  order.reverse()
  order.forEach((cell, index) => seen.set(cell.hash().toString('hex'), index))
  const bodies = order.map((cell) => {
    const single = cell.bits
    const bytes = Math.ceil(single.length / 8)
    const padded = beginCell().storeBits(single)
    if (single.length % 8 !== 0) {
      padded.storeBit(true)
      while (padded.bits % 8 !== 0) padded.storeBit(false)
    }
    const data = padded.asCell().bits.subbuffer(0, bytes * 8) ?? Buffer.alloc(0)
    const d1 = cell.refs.length + (cell.isExotic ? 8 : 0) + cell.mask.value * 32
    const d2 = Math.ceil(single.length / 8) + Math.floor(single.length / 8)
    return Buffer.concat([
      Buffer.from([d1, d2]),
      data,
      Buffer.from(cell.refs.map((ref) => seen.get(ref.hash().toString('hex')) ?? 0))
    ])
  })
  const cellData = Buffer.concat(bodies)
  const size = Buffer.alloc(2)
  size.writeUInt16BE(cellData.length)
  const header = Buffer.from([0xb5, 0xee, 0x9c, 0x72, 0x01, 0x02, order.length, roots.length, 0])
  return new Uint8Array(
    Buffer.concat([
      header,
      size,
      Buffer.from(roots.map((root) => seen.get(root.hash().toString('hex')) ?? 0)),
      cellData
    ])
  )
}

export const pruned = (cell: Cell): Cell =>
  beginCell()
    .storeUint(1, 8)
    .storeUint(1, 8)
    .storeBuffer(cell.hash(0))
    .storeUint(cell.depth(0), 16)
    .endCell({ exotic: true })
export const stub = (mark: number): Cell => beginCell().storeUint(mark, 32).endCell()

function merkleUpdate(oldState: Cell, newState: Cell): Cell {
  const prune = (cell: Cell): Cell => pruned(cell)
  return beginCell()
    .storeUint(4, 8)
    .storeBuffer(oldState.hash(0))
    .storeBuffer(newState.hash(0))
    .storeUint(oldState.depth(0), 16)
    .storeUint(newState.depth(0), 16)
    .storeRef(prune(oldState))
    .storeRef(prune(newState))
    .endCell({ exotic: true })
}

function block(newState: Cell): Cell {
  return beginCell()
    .storeUint(0x11ef55aa, 32)
    .storeInt(-239, 32)
    .storeRef(stub(1))
    .storeRef(stub(2))
    .storeRef(merkleUpdate(stub(7), newState))
    .storeRef(stub(3))
    .endCell()
}

function stateHeader(atUnix: number): Builder {
  return beginCell()
    .storeUint(0x9023afe2, 32)
    .storeInt(-239, 32)
    .storeUint(0, 104)
    .storeUint(5, 32)
    .storeUint(0, 32)
    .storeUint(atUnix, 32)
}

export const ADDRESS = Address.parseRaw(`0:${'5c'.repeat(32)}`)

export interface ChainOptions {
  readonly data?: Cell
  readonly atUnix?: number
  readonly address?: Address
  /** Where the account stands in the dictionary. Default: at its address. */
  readonly at?: Address
  /** Two shards instead of one. */
  readonly isSplit?: boolean
}

/** A whole chain of two blocks with one account. */
export function buildChain(options: ChainOptions = {}): {
  mc: MasterchainBlock
  proof: AccountProof
  withoutAccount: AccountProof
  /** Proof of an empty state of the other half of the workchain; only with `isSplit`. */
  otherShard: Uint8Array
} {
  const address = options.address ?? ADDRESS
  const account = beginCell()
    .storeBit(true)
    .store(
      storeAccount({
        addr: address,
        storageStats: { used: { cells: 1n, bits: 1n }, storageExtra: null, lastPaid: 1, duePayment: null },
        storage: {
          lastTransLt: 9n,
          balance: { coins: 77n },
          state: { type: 'active', state: { code: stub(11), data: options.data ?? stub(12) } }
        }
      })
    )
    .endCell()
  const accounts = Dictionary.empty(Dictionary.Keys.BigUint(256), {
    serialize: (value: Cell, builder: Builder) =>
      void builder
        .storeUint(0, 5)
        .storeCoins(77)
        .storeBit(false)
        .storeRef(value)
        .storeUint(0xabcd, 256)
        .storeUint(9, 64),
    parse: (slice) => slice.asCell()
  })
  accounts.set(BigInt(`0x${(options.at ?? address).hash.toString('hex')}`), account)
  const accountsCell = beginCell().storeDict(accounts).endCell()
  const shardState = stateHeader(options.atUnix ?? 1_000)
    .storeRef(stub(20))
    .storeRef(accountsCell)
    .storeRef(stub(21))
    .endCell()
  const shardBlock = block(shardState)
  const descriptorOf = (shard: Cell): Cell =>
    beginCell()
      .storeBit(false)
      .storeUint(0xb, 4)
      .storeUint(1, 32)
      .storeUint(1, 32)
      .storeUint(1, 64)
      .storeUint(1, 64)
      .storeBuffer(shard.hash(0))
      .storeUint(0, 256)
      .endCell()
  const emptyState = stateHeader(options.atUnix ?? 1_000)
    .storeRef(stub(22))
    .storeRef(beginCell().storeBit(false).endCell())
    .storeRef(stub(23))
    .endCell()
  const emptyBlock = block(emptyState)
  // The addresses of these tests begin with a 0 bit: the left half is theirs.
  const descriptor =
    options.isSplit === true
      ? beginCell().storeBit(true).storeRef(descriptorOf(shardBlock)).storeRef(descriptorOf(emptyBlock)).endCell()
      : descriptorOf(shardBlock)
  const shards = Dictionary.empty(Dictionary.Keys.Uint(32), {
    serialize: (value: Cell, builder: Builder) => void builder.storeRef(value),
    parse: (slice) => slice.loadRef()
  })
  shards.set(0, descriptor)
  const extra = beginCell().storeUint(0xcc26, 16).storeDict(shards).endCell()
  const mcState = stateHeader(2_000).storeRef(stub(30)).storeRef(stub(31)).storeRef(stub(32)).storeRef(extra).endCell()
  const mcBlock = block(mcState)
  const prove = (cell: Cell): Cell => convertToMerkleProof(cell)
  const shardProof = multiRootBoc([prove(mcBlock), prove(mcState)])
  const proof = multiRootBoc([prove(shardBlock), prove(shardState)])
  const mc = { seqno: 5, rootHash: mcBlock.hash(0).toString('hex'), fileHash: '00'.repeat(32) }
  return {
    mc,
    proof: { shardProof, proof, state: boc(account) },
    withoutAccount: { shardProof, proof, state: new Uint8Array() },
    otherShard: multiRootBoc([prove(emptyBlock), prove(emptyState)])
  }
}
