/** Root states of every struct version against the reference's own figures. */
import { Address, beginCell, type Cell } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { parseRootState, type RootState } from '../../../src/payments/contracts/index.js'
import { missingShared } from '../../support/shared.js'
import {
  bocHash,
  fromBase64,
  HAS_V3_VECTORS,
  HAS_VECTORS,
  mainnetRootBoc,
  paymentsVectors,
  rootVectorsV3,
  syntheticBoc
} from '../support.js'

const raw = (address: string): string => Address.parse(address).toRawString()

function expectEndpoints(state: RootState, texts: readonly (readonly [number, string])[]): void {
  expect(state.proxies).toEqual(
    texts.map(([seqno, text]) => {
      const [worker, client] = text.split(' ')
      return { seqno, worker, client: client ?? worker }
    })
  )
}

describe.skipIf(!HAS_VECTORS)(`mainnet root (${missingShared('vectors/payments.json')} when skipped)`, () => {
  it('reads every field of the captured state', () => {
    const state = parseRootState(mainnetRootBoc())
    expect(state).toMatchObject({
      owner: 'EQDnlslXI2RtI1WhLmtelkb4CVQGxr8E_xSIjl0Hg79jNhNQ',
      version: 87,
      lastProxySeqno: 3,
      proxies: [{ seqno: 2, worker: '91.108.4.11:5222', client: '91.108.4.11:8888' }],
      structVersion: 4,
      paramsVersion: 17,
      uniqueId: 239,
      isTest: false,
      pricePerTokenNano: 20n,
      workerFeePerTokenNano: 19n,
      multipliers: { prompt: 10_000, cached: 1000, completion: 80_000, reasoning: 80_000 },
      proxyDelayBeforeCloseSeconds: 86_400,
      clientDelayBeforeCloseSeconds: 43_200,
      minProxyStakeNano: 15_000_000_000n,
      minClientStakeNano: 15_000_000_000n,
      encryptionKeys: [],
      keyManager: { publicKey: '00'.repeat(32), imageHash: '00'.repeat(32), address: null },
      verifiedKeys: null,
      understood: true,
      stateHash: paymentsVectors().mainnet.root.hash,
      proxyHashes: [
        '014c8db97ddb2d61aa3a3ba0805f3d542be0469f7991baf6ad8deaf269d3c969',
        '1282343523f3c0371225eb93bd5eba1922a8069c476a0e988984fb3400942499',
        '4b9906c43dd36f35a91661d34a23f2ae923d04977f1a5071e4914f86bb323bea',
        'fb490fe4e0cb0f03544fa6da8c492277e213d0c6779c0855f558706f170295ca'
      ],
      proxyCodeHash: '279a4a96d50e93018f20fecac379712afd0052597cbe93fffec32be68c9787fd',
      workerCodeHash: 'b100aeadcb1b1cb9274172044c1c27b041748ef4d2bbb8fe0f5c4da4dae67a3c',
      clientCodeHash: 'b81f091aee4e88708650755a859cfa436d2c968726b85b0569911bb734dd77d3'
    })
    expect(state.workerHashes.map((hash) => hash.slice(0, 8))).toEqual([
      '191f618b',
      '4f001925',
      '5fd41791',
      '902a1fe5',
      'fa928fc1'
    ])
    expect(state.modelHashes.map((hash) => hash.slice(0, 8))).toEqual(['2eb984d8', '3df86698', '4e8d0d15', 'bf9a5ffb'])
    expect(bocHash(state.cells.clientParams)).toBe(paymentsVectors().mainnet.clientParams.hash)
    expect(bocHash(state.cells.proxyParams)).toBe(paymentsVectors().mainnet.proxyParams.hash)
  })

  it('is plain data', () => {
    const state = parseRootState(mainnetRootBoc())
    expect(structuredClone(state)).toEqual(state)
  })

  const names = HAS_VECTORS ? Object.keys(paymentsVectors().syntheticRoots) : []
  it.each(names)('synthetic root %s', (name) => {
    const vector = paymentsVectors().syntheticRoots[name]
    if (vector === undefined) throw new Error('vector vanished')
    const { expect: want } = vector
    const state = parseRootState(syntheticBoc(name))
    expect(raw(state.owner)).toBe(want.owner)
    expect(state).toMatchObject({
      version: want.version,
      proxyHashes: [...want.proxyHashes].sort(),
      workerHashes: [...want.workers].sort(),
      modelHashes: [...want.models].sort(),
      lastProxySeqno: want.lastProxySeqno,
      structVersion: want.p.structVersion,
      paramsVersion: want.p.paramsVersion,
      uniqueId: want.p.uniqueId,
      isTest: want.p.isTest,
      pricePerTokenNano: BigInt(want.p.price),
      workerFeePerTokenNano: BigInt(want.p.workerFee),
      stateHash: vector.hash,
      proxyDelayBeforeCloseSeconds: want.p.proxyDelay,
      clientDelayBeforeCloseSeconds: want.p.clientDelay
    })
    const version = want.p.structVersion
    expect(state.multipliers).toEqual({
      prompt: version >= 3 ? want.p.prompt : 10_000,
      cached: version >= 2 ? want.p.cached : 10_000,
      completion: version >= 3 ? want.p.completion : 10_000,
      reasoning: version >= 2 ? want.p.reasoning : 10_000
    })
    expect(state.minProxyStakeNano).toBe(version >= 1 ? BigInt(want.p.minProxyStake) : 1_000_000_000n)
    expect(state.minClientStakeNano).toBe(version >= 1 ? BigInt(want.p.minClientStake) : 1_000_000_000n)
    const usable = want.proxies.filter(
      ([, entry]) => entry.kind === 0 && /^\d+\.[\d.]+:\d{1,5}( |$)/.test(entry.addr) && !entry.addr.includes('99999')
    )
    expectEndpoints(
      state,
      usable.map(([seqno, entry]) => [seqno, entry.addr] as const)
    )
    expect(bocHash(state.cells.clientParams)).toBe(vector.clientParamsHash)
    expect(bocHash(state.cells.proxyParams)).toBe(vector.proxyParamsHash)
    // A version 5 without its list of verified keys is readable and never payable.
    expect(state.understood).toBe(version <= 4)
    if (want.publicKeys !== undefined) {
      expect(state.encryptionKeys).toEqual(
        want.publicKeys.map(([publicKey, key]) => ({ publicKey, type: key.type, expiresAtUnix: key.expireAt }))
      )
      expect(state.keyManager).toEqual({ publicKey: want.kmPub, imageHash: want.kmImage, address: want.kmAddr })
    }
  })
})

describe.skipIf(!HAS_V3_VECTORS)('root states that the April 2026 reference accepted', () => {
  it.each(HAS_V3_VECTORS ? rootVectorsV3() : [])('struct version $struct_version', (vector) => {
    const state = parseRootState(fromBase64(vector.boc_base64))
    const want = vector.parsed as Record<string, never>
    expect(state.stateHash).toBe(vector.root_hash)
    expect(bocHash(state.cells.clientParams)).toBe(vector.cpp_client_params_cell_hash.toLowerCase())
    expect(bocHash(state.cells.proxyParams)).toBe(vector.cpp_proxy_params_cell_hash.toLowerCase())
    expect(state.understood).toBe(true)
    expect(raw(state.owner)).toBe(want['owner'])
    expect(state).toMatchObject({
      structVersion: want['struct_version'],
      paramsVersion: want['params_version'],
      version: want['version'],
      pricePerTokenNano: BigInt(want['price_per_token'] ?? -1),
      minProxyStakeNano: BigInt(want['min_proxy_stake'] ?? -1),
      minClientStakeNano: BigInt(want['min_client_stake'] ?? -1),
      proxyHashes: want['proxy_hashes'],
      workerHashes: want['worker_hashes'],
      modelHashes: want['model_hashes'],
      proxyCodeHash: want['proxy_code'],
      workerCodeHash: want['worker_code'],
      clientCodeHash: want['client_code'],
      multipliers: {
        prompt: want['prompt_mult'],
        cached: want['cached_mult'],
        completion: want['completion_mult'],
        reasoning: want['reasoning_mult']
      }
    })
    const keys = (want['public_keys'] ?? []) as readonly { public_key: string; key_type: number; expire_at: number }[]
    expect(state.encryptionKeys).toEqual(
      keys.map((key) => ({ publicKey: key.public_key, type: key.key_type, expiresAtUnix: key.expire_at }))
    )
    expect(state.keyManager).toEqual(
      vector.struct_version >= 4
        ? {
            publicKey: want['key_manager_public_key'],
            imageHash: want['key_manager_image_hash'],
            address: want['key_manager_address']
          }
        : null
    )
    expect(state.verifiedKeys).toEqual(
      vector.struct_version >= 5
        ? {
            proxy: want['verified_proxy_keys'],
            worker: want['verified_worker_keys'],
            keyManager: want['verified_key_manager_keys']
          }
        : null
    )
  })
})

/** A small root state of our own making: the hostile cases need control over every bit. */
function buildRoot(change: {
  structVersion?: number
  proxies?: Cell | null
  extraBit?: boolean
  keyManager?: Cell | null
  paramsTail?: number
}): Uint8Array {
  const params = beginCell()
    .storeUint(change.structVersion ?? 3, 8)
    .storeUint(1, 32)
    .storeUint(2, 32)
    .storeBit(true)
    .storeCoins(20)
    .storeCoins(19)
  params
    .storeUint(1, 32)
    .storeUint(2, 32)
    .storeUint(3, 32)
    .storeUint(4, 32)
    .storeUint(5, 32)
    .storeUint(6, 32)
    .storeCoins(7)
    .storeCoins(8)
  if (change.paramsTail !== undefined) params.storeUint(0, change.paramsTail)
  params.storeUint(0, 3)
  const data = beginCell()
    .storeBit(false)
    .storeMaybeRef(change.proxies ?? null)
    .storeUint(0, 32)
    .storeBit(false)
    .storeBit(false)
  const root = beginCell()
    .storeAddress(Address.parseRaw(`0:${'11'.repeat(32)}`))
    .storeUint(9, 32)
    .storeRef(data.endCell())
    .storeRef(params.endCell())
  if (change.keyManager) root.storeRef(change.keyManager)
  if (change.extraBit === true) root.storeBit(true)
  return new Uint8Array(root.endCell().toBoc())
}

describe('hostile root states', () => {
  const code = (boc: Uint8Array): string => {
    try {
      parseRootState(boc)
    } catch (error) {
      return CocoonError.is(error) ? error.code : `raw ${String(error)}`
    }
    return 'accepted'
  }

  it('accepts the smallest honest state', () => {
    expect(parseRootState(buildRoot({}))).toMatchObject({
      version: 9,
      proxies: [],
      understood: true,
      proxyCodeHash: null
    })
  })

  it('refuses extra bits, extra references and extra params', () => {
    expect(code(buildRoot({ extraBit: true }))).toBe('ERR_CONTRACT_STATE')
    expect(code(buildRoot({ keyManager: beginCell().endCell() }))).toBe('ERR_CONTRACT_STATE')
    expect(code(buildRoot({ paramsTail: 5 }))).toBe('ERR_CONTRACT_STATE')
  })

  it('reads an unknown struct version without understanding it', () => {
    const state = parseRootState(
      buildRoot({ structVersion: 9, paramsTail: 40, keyManager: beginCell().storeUint(7, 16).endCell() })
    )
    expect(state).toMatchObject({
      structVersion: 9,
      understood: false,
      encryptionKeys: [],
      keyManager: null,
      pricePerTokenNano: 20n
    })
  })

  it('ends on a dictionary whose branches share one cell 32 levels deep', () => {
    let node = beginCell().storeUint(0, 2).storeUint(0, 8).endCell()
    for (let level = 0; level < 32; level++) node = beginCell().storeUint(0, 2).storeRef(node).storeRef(node).endCell()
    expect(code(buildRoot({ proxies: node }))).toBe('ERR_CONTRACT_STATE')
  })

  it('refuses bytes that are no bag of cells, cut or oversized', () => {
    const honest = buildRoot({})
    for (let length = 0; length < honest.length; length++)
      expect(code(honest.subarray(0, length))).toBe('ERR_CONTRACT_STATE')
    expect(code(new Uint8Array(2_000_000))).toBe('ERR_CONTRACT_STATE')
    expect(code('text' as unknown as Uint8Array)).toBe('ERR_CONTRACT_STATE')
  })
})
