/** Addresses and messages against the sheets, genuine mainnet messages and the reference's derivations. */
import { Address, Cell, beginCell } from '@ton/core'
import { describe, expect, it } from 'vitest'
import {
  clientAddress,
  decodeClientMessage,
  deriveClientContract,
  deriveProxyContract,
  isSameAddress,
  parseClientState,
  parseCocoonWalletRequest,
  parseCocoonWalletState,
  parseProxyState,
  parseRootState,
  proxyAddress,
  type DerivationRoot
} from '../../../src/payments/contracts/index.js'
import { buildClientData } from '../../../src/payments/contracts/derive.js'
import { DERIVATIONS, MAINNET_PARAMS_NIBBLES } from '../../vectors/contracts.js'
import { bocHash, fromBase64, HAS_VECTORS, mainnetRootBoc, paymentsVectors } from '../support.js'

/** The mainnet params from the sheet, without any code cell: enough for a client contract's initial data. */
function sheetParams(): Cell {
  const builder = beginCell()
  for (const nibble of MAINNET_PARAMS_NIBBLES) builder.storeUint(Number.parseInt(nibble, 16), 4)
  return builder.endCell()
}

describe('derivations that need only the sheets', () => {
  it('rebuilds the client params and the initial data of client B', () => {
    const params = sheetParams()
    expect(params.bits.length).toBe(380)
    expect(params.hash().toString('hex')).toBe(DERIVATIONS.clientParamsHash)
    const root: DerivationRoot = {
      minClientStakeNano: 15_000_000_000n,
      cells: {
        clientParams: new Uint8Array(params.toBoc()),
        proxyParams: new Uint8Array(),
        proxyCode: null,
        workerCode: null,
        clientCode: null
      }
    }
    const data = buildClientData(root, {
      owner: DERIVATIONS.ownerB,
      proxy: DERIVATIONS.proxy,
      proxyPublicKey: DERIVATIONS.proxyPublicKey
    })
    expect(data.hash().toString('hex')).toBe(DERIVATIONS.clientDataHashB)
    expect(() =>
      clientAddress(root, {
        owner: DERIVATIONS.ownerB,
        proxy: DERIVATIONS.proxy,
        proxyPublicKey: DERIVATIONS.proxyPublicKey
      })
    ).toThrow(expect.objectContaining({ code: 'ERR_CONTRACT_STATE' }))
  })

  it('names the field of a bad address or key', () => {
    const root = {
      minClientStakeNano: 1n,
      cells: {
        clientParams: new Uint8Array(),
        proxyParams: new Uint8Array(),
        proxyCode: null,
        workerCode: null,
        clientCode: null
      }
    }
    const bad =
      (change: object): (() => string) =>
      () =>
        clientAddress(
          { ...root, cells: { ...root.cells, clientCode: new Uint8Array(sheetParams().toBoc()) } },
          { owner: DERIVATIONS.ownerB, proxy: DERIVATIONS.proxy, proxyPublicKey: DERIVATIONS.proxyPublicKey, ...change }
        )
    expect(bad({ owner: 'nonsense' })).toThrow(expect.objectContaining({ code: 'ERR_ENCODING', field: 'owner' }))
    expect(bad({ proxyPublicKey: 'ab' })).toThrow(
      expect.objectContaining({ code: 'ERR_ENCODING', field: 'proxyPublicKey' })
    )
  })
})

describe.skipIf(!HAS_VECTORS)('derivations on the mainnet root', () => {
  const root = HAS_VECTORS ? parseRootState(mainnetRootBoc()) : undefined

  it('derives the mainnet proxy and the clients that real messages went to', () => {
    if (root === undefined) return
    const proxy = proxyAddress(root, {
      proxyOwner: DERIVATIONS.proxyOwner,
      proxyPublicKey: DERIVATIONS.proxyPublicKey,
      root: DERIVATIONS.root
    })
    expect(proxy).toBe(DERIVATIONS.proxy)
    const client = (owner: string): string =>
      clientAddress(root, { owner, proxy, proxyPublicKey: DERIVATIONS.proxyPublicKey })
    expect(client(DERIVATIONS.ownerA)).toBe(DERIVATIONS.clientA)
    expect(client(DERIVATIONS.ownerB)).toBe(DERIVATIONS.clientB)
  })

  it('derives the contracts of the test scenario', () => {
    if (root === undefined) return
    const { scenario } = paymentsVectors()
    const proxy = deriveProxyContract(root, {
      proxyOwner: scenario.proxyOwner,
      proxyPublicKey: scenario.keys.proxyPublicKey,
      root: scenario.root
    })
    expect(isSameAddress(proxy.address, scenario.proxy)).toBe(true)
    const client = deriveClientContract(root, {
      owner: scenario.owner,
      proxy: scenario.proxy,
      proxyPublicKey: scenario.keys.proxyPublicKey
    })
    expect(isSameAddress(client.address, scenario.client)).toBe(true)
    expect(`0:${bocHash(client.stateInit)}`).toBe(Address.parse(scenario.client).toRawString())
  })

  it.each(['register', 'ext_client_top_up', 'change_secret'] as const)(
    'reads the genuine mainnet message %s',
    (name) => {
      const external = paymentsVectors().mainnet.externals[name]
      const request = parseCocoonWalletRequest(fromBase64(external.boc))
      expect(request).toMatchObject({
        subwallet: external.subwallet,
        seqno: external.seqno,
        validUntilUnix: external.validUntil
      })
      const [message] = request.messages
      if (!message?.body) throw new Error('no message')
      expect(message).toMatchObject({
        mode: external.mode,
        to: external.dest,
        valueNano: BigInt(external.value),
        hasStateInit: external.hasStateInit
      })
      const body = decodeClientMessage(message.body)
      expect(body.queryId).toBe(BigInt(external.queryId))
      expect('excess' in body && body.excess !== null && isSameAddress(body.excess, external.excessesTo)).toBe(true)
      if (body.type === 'register') expect(body.nonce).toBe(BigInt(external.nonce ?? -1))
      if (body.type === 'top-up') expect(body.amountNano).toBe(BigInt(external.coins ?? -1))
      if (body.type === 'change-secret') expect(body.secretHash).toBe(external.secretHash)
    }
  )

  it('reads client, proxy and wallet states from mainnet', () => {
    const { mainnet } = paymentsVectors()
    expect(parseClientState(fromBase64(mainnet.clientState.boc))).toMatchObject({
      phase: 'open',
      balanceNano: 15_000_000_000n,
      stakeNano: 15_000_000_000n,
      tokensUsed: 0n,
      unlockAtUnix: 0,
      secretHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      owner: Address.parse(DERIVATIONS.ownerB).toString(),
      proxy: DERIVATIONS.proxy,
      proxyPublicKey: DERIVATIONS.proxyPublicKey,
      structVersion: 4,
      paramsVersion: 17,
      paramsHash: DERIVATIONS.clientParamsHash
    })
    expect(parseProxyState(fromBase64(mainnet.proxyInitData.boc))).toMatchObject({
      phase: 'open',
      owner: DERIVATIONS.proxyOwner,
      root: DERIVATIONS.root,
      stakeNano: 0n,
      paramsHash: DERIVATIONS.proxyParamsHash
    })
    expect(parseCocoonWalletState(fromBase64(mainnet.walletState.boc))).toMatchObject({
      seqno: 8,
      subwallet: 0,
      status: 0
    })
  })

  it('refuses states that are cut or carry more', () => {
    const cell = Cell.fromBoc(Buffer.from(fromBase64(paymentsVectors().mainnet.clientState.boc)))[0] ?? Cell.EMPTY
    const longer = beginCell().storeBits(cell.bits).storeBit(true)
    for (const ref of cell.refs) longer.storeRef(ref)
    const cut = beginCell()
      .storeBits(cell.bits.substring(0, 400))
      .storeRef(cell.refs[0] ?? Cell.EMPTY)
    for (const bad of [longer.endCell(), cut.endCell(), Cell.EMPTY]) {
      expect(() => parseClientState(new Uint8Array(bad.toBoc()))).toThrow(
        expect.objectContaining({ code: 'ERR_CONTRACT_STATE' })
      )
    }
    expect(() => parseProxyState(fromBase64(paymentsVectors().mainnet.clientState.boc))).toThrow(
      expect.objectContaining({ code: 'ERR_CONTRACT_STATE' })
    )
  })
})
