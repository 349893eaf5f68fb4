/** Account proofs: a real one of the main network, and a chain of our own making for what a liar would try. */
import { readFileSync } from 'node:fs'
import { Address, Cell, beginCell, convertToMerkleProof, storeAccount, Dictionary, type Builder } from '@ton/core'
import { describe, expect, it } from 'vitest'
import {
  provenReader,
  verifyAccountProof,
  type AccountProof,
  type ChainReader,
  type MasterchainBlock,
  type ProofSource
} from '../../../src/payments/chain/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { missingShared, sharedPath } from '../../support/shared.js'
import { fromHex } from '../support.js'

const boc = (...cells: Cell[]): Uint8Array => {
  // @ton/core writes one root only; two roots need a header of our own.
  if (cells.length === 1) return new Uint8Array((cells[0] ?? Cell.EMPTY).toBoc({ idx: false, crc32: false }))
  return multiRootBoc(cells)
}

function multiRootBoc(roots: readonly Cell[]): Uint8Array {
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

const pruned = (cell: Cell): Cell =>
  beginCell()
    .storeUint(1, 8)
    .storeUint(1, 8)
    .storeBuffer(cell.hash(0))
    .storeUint(cell.depth(0), 16)
    .endCell({ exotic: true })
const stub = (mark: number): Cell => beginCell().storeUint(mark, 32).endCell()

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

const ADDRESS = Address.parseRaw(`0:${'5c'.repeat(32)}`)

/** A whole chain of two blocks with one account. */
function buildChain(options: { data?: Cell; atUnix?: number; address?: Address } = {}): {
  mc: MasterchainBlock
  proof: AccountProof
  withoutAccount: AccountProof
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
  accounts.set(BigInt(`0x${address.hash.toString('hex')}`), account)
  const accountsCell = beginCell().storeDict(accounts).endCell()
  const shardState = stateHeader(options.atUnix ?? 1_000)
    .storeRef(stub(20))
    .storeRef(accountsCell)
    .storeRef(stub(21))
    .endCell()
  const shardBlock = block(shardState)
  const descriptor = beginCell()
    .storeBit(false)
    .storeUint(0xb, 4)
    .storeUint(1, 32)
    .storeUint(1, 32)
    .storeUint(1, 64)
    .storeUint(1, 64)
    .storeBuffer(shardBlock.hash(0))
    .storeUint(0, 256)
    .endCell()
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
    withoutAccount: { shardProof, proof, state: new Uint8Array() }
  }
}

const refused = expect.objectContaining({ code: 'ERR_CHAIN_PROOF' })

describe('verifyAccountProof', () => {
  it('proves an account of our own chain', () => {
    const { mc, proof } = buildChain()
    const state = verifyAccountProof(ADDRESS.toString(), mc, proof)
    expect(state).toMatchObject({
      status: 'active',
      balanceNano: 77n,
      asOfMs: 1_000_000,
      lastTransaction: { lt: 9n, hash: 'abcd'.padStart(64, '0') }
    })
    expect(
      Cell.fromBoc(Buffer.from(state.data ?? []))[0]
        ?.hash()
        .equals(stub(12).hash())
    ).toBe(true)
    expect(state.trust[0]).toContain(mc.rootHash)
  })

  it('proves absence, and does not let a known account be hidden', () => {
    const { mc, proof, withoutAccount } = buildChain()
    const other = Address.parseRaw(`0:${'5d'.repeat(32)}`)
    expect(verifyAccountProof(other.toRawString(), mc, withoutAccount)).toMatchObject({
      status: 'absent',
      balanceNano: 0n,
      data: null
    })
    expect(() => verifyAccountProof(other.toRawString(), mc, proof)).toThrow(refused)
    expect(() => verifyAccountProof(ADDRESS.toRawString(), mc, withoutAccount)).toThrow(refused)
  })

  it('refuses another block, another state, swapped roots and another chain', () => {
    const honest = buildChain()
    const forged = buildChain({ data: stub(666) })
    const attempts: readonly (readonly [string, MasterchainBlock, AccountProof])[] = [
      ['another block hash', { ...honest.mc, rootHash: '00'.repeat(32) }, honest.proof],
      ['a forged account', honest.mc, { ...honest.proof, state: forged.proof.state }],
      ['a forged shard', honest.mc, { ...honest.proof, proof: forged.proof.proof, state: forged.proof.state }],
      ['a wholly forged chain', honest.mc, forged.proof],
      [
        'proof and shard proof swapped',
        honest.mc,
        { ...honest.proof, proof: honest.proof.shardProof, shardProof: honest.proof.proof }
      ],
      ['no proof', honest.mc, { shardProof: new Uint8Array(), proof: new Uint8Array(), state: honest.proof.state }],
      ['a bare block instead of a proof', honest.mc, { ...honest.proof, shardProof: multiRootBoc([stub(1), stub(2)]) }]
    ]
    for (const [name, mc, proof] of attempts)
      expect(() => verifyAccountProof(ADDRESS.toRawString(), mc, proof), name).toThrow(refused)
  })

  it('refuses proofs with a changed byte, or cut', () => {
    const { mc, proof } = buildChain()
    for (const field of ['shardProof', 'proof', 'state'] as const) {
      for (let index = 0; index < proof[field].length; index += 7) {
        const changed = proof[field].slice()
        changed[index] = (changed[index] ?? 0) ^ 0x41
        try {
          const state = verifyAccountProof(ADDRESS.toRawString(), mc, { ...proof, [field]: changed })
          // A byte outside the proved path may change (other container fields); what is proved may not.
          expect(state).toMatchObject({ balanceNano: 77n, status: 'active' })
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CHAIN_PROOF' })
        }
        expect(() =>
          verifyAccountProof(ADDRESS.toRawString(), mc, { ...proof, [field]: proof[field].subarray(0, index) })
        ).toThrow(refused)
      }
    }
  })

  const path = sharedPath('prototypes/account-proof/proof-bocs.txt')
  it.skipIf(path === undefined)(
    `verifies a real proof of the main network (${missingShared('prototypes/account-proof')} when skipped)`,
    () => {
      const lines = readFileSync(path ?? '', 'utf8')
        .trim()
        .split('\n')
        .map(fromHex)
      const [, shardProof, , proof, state] = lines
      if (shardProof === undefined || proof === undefined || state === undefined)
        throw new Error('the shared file changed')
      const mc = {
        seqno: 0,
        rootHash: '51ed3b9e728e7c548b15a5e5ce988b4a74984c3f8374f3f1a52c7b1f46c26406',
        fileHash: '00'.repeat(32)
      }
      const address = 'EQBvW8Z5huBkMJYdnfAEM5JqTNkuWX3diqYENkWsIL0XggGG'
      expect(verifyAccountProof(address, mc, { shardProof, proof, state })).toMatchObject({ status: 'active', address })
      expect(() =>
        verifyAccountProof('EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k', mc, { shardProof, proof, state })
      ).toThrow(refused)
      expect(() =>
        verifyAccountProof(address, { ...mc, rootHash: '00'.repeat(32) }, { shardProof, proof, state })
      ).toThrow(refused)
    }
  )
})

describe('provenReader', () => {
  const chain = buildChain({ atUnix: 1_700_000_000 })
  const blocks: ChainReader = {
    name: 'blocks',
    getAccount: () => Promise.reject(new Error('must not be asked')),
    getTransactions: async () => [],
    getMasterchainBlock: async () => chain.mc
  }
  const proofs: ProofSource = { name: 'liar or not', getAccountProof: async () => chain.proof }

  it('gives the proved state and says how it is known', async () => {
    const reader = provenReader({ blocks, proofs, clock: new FakeClock(1_700_000_030_000) })
    const state = await reader.getAccount(ADDRESS.toRawString())
    expect(state.trust).toEqual([expect.stringContaining('proved from masterchain block 5'), 'block hash from blocks'])
  })

  it('refuses a state that is too old', async () => {
    const reader = provenReader({ blocks, proofs, clock: new FakeClock(1_700_000_121_000) })
    await expect(reader.getAccount(ADDRESS.toRawString())).rejects.toMatchObject({
      code: 'ERR_CHAIN_PROOF',
      retryable: true
    })
  })
})
