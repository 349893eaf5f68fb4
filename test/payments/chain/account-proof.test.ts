/** Account proofs: a real one of the main network, and a chain of our own making for what a liar would try. */
import { readFileSync } from 'node:fs'
import { Address, beginCell, Cell } from '@ton/core'
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
import { ADDRESS, boc, buildChain, multiRootBoc, pruned, stub } from './proof-chain.js'

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

  it('refuses the same hash in another workchain', () => {
    const { mc, proof, withoutAccount } = buildChain()
    for (const workchain of [-1, 1, 7, -2]) {
      const elsewhere = new Address(workchain, ADDRESS.hash).toRawString()
      expect(() => verifyAccountProof(elsewhere, mc, proof), `${workchain}`).toThrow(refused)
      expect(() => verifyAccountProof(elsewhere, mc, withoutAccount), `${workchain}`).toThrow(refused)
    }
  })

  it("takes only the account's own shard: another one cannot prove its absence", () => {
    const { mc, proof, withoutAccount, otherShard } = buildChain({ isSplit: true })
    expect(verifyAccountProof(ADDRESS.toRawString(), mc, proof)).toMatchObject({ status: 'active', balanceNano: 77n })
    const hidden = { ...withoutAccount, proof: otherShard }
    expect(() => verifyAccountProof(ADDRESS.toRawString(), mc, hidden)).toThrow(refused)
    // Over there the same proof holds.
    const right = Address.parseRaw(`0:${'fc'.repeat(32)}`).toRawString()
    expect(verifyAccountProof(right, mc, hidden)).toMatchObject({ status: 'absent' })
    expect(() => verifyAccountProof(right, mc, withoutAccount)).toThrow(refused)
  })

  it('refuses the proof of an older block, whole or in part', () => {
    const older = buildChain({ data: stub(50), atUnix: 900 })
    const now = buildChain({ data: stub(51) })
    for (const proof of [
      older.proof,
      { ...older.proof, shardProof: now.proof.shardProof },
      { ...now.proof, shardProof: older.proof.shardProof },
      { ...now.proof, state: older.proof.state }
    ])
      expect(() => verifyAccountProof(ADDRESS.toRawString(), now.mc, proof)).toThrow(refused)
    expect(verifyAccountProof(ADDRESS.toRawString(), older.mc, older.proof)).toMatchObject({ asOfMs: 900_000 })
  })

  it("refuses an account that stands at another one's place", () => {
    const other = Address.parseRaw(`0:${'5d'.repeat(32)}`)
    const { mc, proof } = buildChain({ address: other, at: ADDRESS })
    expect(() => verifyAccountProof(ADDRESS.toRawString(), mc, proof)).toThrow(refused)
  })

  it('refuses a state of which a branch is pruned: what is not shown is not known', () => {
    const data = beginCell().storeUint(12, 32).storeRef(stub(99)).endCell()
    const { mc, proof } = buildChain({ data })
    const [account] = Cell.fromBoc(Buffer.from(proof.state))
    if (account === undefined) throw new Error('no account')
    const pruneBelow = (cell: Cell): Cell =>
      cell.hash().equals(stub(99).hash())
        ? pruned(cell)
        : new Cell({ bits: cell.bits, refs: cell.refs.map(pruneBelow) })
    const cut = pruneBelow(account)
    expect(cut.hash(0).equals(account.hash(0))).toBe(true)
    expect(() => verifyAccountProof(ADDRESS.toRawString(), mc, { ...proof, state: boc(cut) })).toThrow(refused)
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
