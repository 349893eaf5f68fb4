/** Message bodies, signed charges and wallets, byte for byte. */
import { Cell } from '@ton/core'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import {
  decodeClientMessage,
  decodeClientProxyRequest,
  decodeProxyMessage,
  decodeWalletNote,
  describeExitCode,
  encodeClientMessage,
  encodeClientProxyRequest,
  encodeProxyMessage,
  encodeWalletNote,
  isSameAddress,
  openCocoonWallet,
  openStandardWallet,
  parseCocoonWalletRequest,
  parseSignedCharge,
  repackSignedCharge,
  signCharge,
  verifySignedCharge,
  type ClientMessage,
  type SignHash
} from '../../../src/payments/contracts/index.js'
import { buildCocoonWalletUnsigned } from '../../../src/payments/contracts/cocoon-wallet.js'
import { BODIES, DERIVATIONS, OBSERVED_CHARGE, SYNTHETIC_CHARGE, WALLET_REQUEST } from '../../vectors/contracts.js'
import { bocHash, fromBase64, fromHex, HAS_VECTORS, paymentsVectors, toHex } from '../support.js'

const { queryId, excess } = BODIES
const bodies: readonly (readonly [ClientMessage, string])[] = [
  [{ type: 'register', queryId, nonce: BODIES.nonce, excess }, BODIES.register],
  [{ type: 'top-up', queryId, amountNano: 15_000_000_000n, excess }, BODIES.topUp15],
  [{ type: 'change-secret', queryId, secretHash: BODIES.secretHash, excess }, BODIES.changeSecret],
  [
    { type: 'change-secret-and-top-up', queryId, amountNano: 15_000_000_000n, secretHash: BODIES.secretHash, excess },
    BODIES.changeSecretAndTopUp15
  ],
  [{ type: 'increase-stake', queryId, newStakeNano: 20_000_000_000n, excess }, BODIES.increaseStake20],
  [{ type: 'withdraw', queryId, excess }, BODIES.withdraw],
  [{ type: 'request-refund', queryId, excess }, BODIES.requestRefund]
]

describe('messages to the client contract', () => {
  it.each(bodies)('$type', (message, hex) => {
    expect(toHex(encodeClientMessage(message))).toBe(hex)
    const decoded = decodeClientMessage(fromHex(hex))
    expect({ ...decoded, excess: '' }).toEqual({ ...message, excess: '' })
    expect(decoded.excess !== null && isSameAddress(decoded.excess, excess)).toBe(true)
  })

  it('never writes a message without an address for the change', () => {
    expect(() => encodeClientMessage({ type: 'withdraw', queryId, excess: null })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'excess' })
    )
  })

  it('refuses amounts, numbers and kinds that do not fit', () => {
    const attempt =
      (message: object): (() => Uint8Array) =>
      () =>
        encodeClientMessage(message as ClientMessage)
    expect(attempt({ type: 'top-up', queryId, amountNano: 1, excess })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'amountNano' })
    )
    expect(attempt({ type: 'top-up', queryId, amountNano: -1n, excess })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS' })
    )
    expect(attempt({ type: 'withdraw', queryId: 1n << 64n, excess })).toThrow(
      expect.objectContaining({ field: 'queryId' })
    )
    expect(attempt({ type: 'change-secret', queryId, secretHash: 'zz', excess })).toThrow(
      expect.objectContaining({ code: 'ERR_ENCODING' })
    )
    expect(attempt({ type: 'constructor', queryId, excess })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'type' })
    )
  })

  it('refuses trailing bits, short bodies and unknown operations', () => {
    const code = (hex: string): unknown => {
      try {
        return decodeClientMessage(fromHex(hex)).type
      } catch (error) {
        return (error as { code?: unknown }).code
      }
    }
    const cell = Cell.fromHex(BODIES.withdraw)
    const longer = cell.asBuilder().storeBit(true).endCell()
    expect(code(toHex(new Uint8Array(longer.toBoc())))).toBe('ERR_CONTRACT_STATE')
    expect(code(OBSERVED_CHARGE.boc)).toBe('ERR_CONTRACT_STATE')
    expect(code(toHex(new Uint8Array(Cell.EMPTY.toBoc())))).toBe('ERR_CONTRACT_STATE')
  })
})

describe('signed charges', () => {
  it('verifies the bytes of the reference proxy', () => {
    const charge = verifySignedCharge(fromHex(OBSERVED_CHARGE.boc), {
      proxyPublicKey: OBSERVED_CHARGE.proxyPublicKey,
      clientContract: OBSERVED_CHARGE.client
    })
    expect(charge).toMatchObject({ kind: 'charge', tokens: 1000n })
  })

  it('signs and reads the synthetic example', () => {
    const { seed, queryId: id, tokens, client, excess: to } = SYNTHETIC_CHARGE
    expect(
      toHex(signCharge({ kind: 'charge', queryId: id, tokens, target: client, excess: to, seed: fromHex(seed) }))
    ).toBe(SYNTHETIC_CHARGE.boc)
    const parsed = verifySignedCharge(fromHex(SYNTHETIC_CHARGE.boc), {
      proxyPublicKey: SYNTHETIC_CHARGE.proxyPublicKey,
      clientContract: client
    })
    expect(parsed).toMatchObject({ queryId: id, tokens, target: client, payloadHash: SYNTHETIC_CHARGE.payloadHash })
  })

  it('repacks with our own address for the change and the same signature', () => {
    const boc = repackSignedCharge(fromHex(SYNTHETIC_CHARGE.boc), DERIVATIONS.ownerA)
    const charge = verifySignedCharge(boc, {
      proxyPublicKey: SYNTHETIC_CHARGE.proxyPublicKey,
      clientContract: SYNTHETIC_CHARGE.client
    })
    expect(charge.excess !== null && isSameAddress(charge.excess, DERIVATIONS.ownerA)).toBe(true)
    expect(charge.signature).toBe(parseSignedCharge(fromHex(SYNTHETIC_CHARGE.boc)).signature)
  })

  it('refuses a grant, a foreign target, a foreign key and any flipped signature byte', () => {
    const expected = { proxyPublicKey: SYNTHETIC_CHARGE.proxyPublicKey, clientContract: SYNTHETIC_CHARGE.client }
    const grant = signCharge({
      kind: 'grant',
      queryId: 1n,
      tokens: 2n,
      target: SYNTHETIC_CHARGE.client,
      excess,
      seed: fromHex(SYNTHETIC_CHARGE.seed)
    })
    const refused = expect.objectContaining({ code: 'ERR_SIGNATURE' })
    expect(() => verifySignedCharge(grant, expected)).toThrow(refused)
    expect(() =>
      verifySignedCharge(fromHex(SYNTHETIC_CHARGE.boc), { ...expected, clientContract: DERIVATIONS.clientA })
    ).toThrow(refused)
    expect(() =>
      verifySignedCharge(fromHex(SYNTHETIC_CHARGE.boc), { ...expected, proxyPublicKey: OBSERVED_CHARGE.proxyPublicKey })
    ).toThrow(refused)
    // Same hash in another workchain is another account.
    expect(() =>
      verifySignedCharge(fromHex(SYNTHETIC_CHARGE.boc), {
        ...expected,
        clientContract: {
          workchain: -1,
          hash: fromHex('8f869bd2cf847f0be9803ecac8b6a57722106162b177dc5bddb35b99e77543c1')
        }
      })
    ).toThrow(refused)
  })

  it.skipIf(!HAS_VECTORS)('agrees with the shared good and bad charges', () => {
    const { signed, scenario } = paymentsVectors()
    const expected = { proxyPublicKey: scenario.keys.proxyPublicKey, clientContract: scenario.client }
    const good = verifySignedCharge(fromBase64(signed.outer.boc), expected)
    expect(good).toMatchObject({
      tokens: BigInt(signed.tokens),
      queryId: BigInt(signed.queryId),
      signature: signed.signature,
      payloadHash: signed.payload.hash
    })
    for (const [name, vector] of Object.entries(signed.bad)) {
      expect(() => verifySignedCharge(fromBase64(vector.boc), expected), name).toThrow(
        expect.objectContaining({ name: 'CocoonError' })
      )
    }
  })
})

describe('messages between contracts', () => {
  it('round-trips proxy messages and wallet notes', () => {
    const message = { type: 'increase-proxy-stake', queryId: 7n, amountNano: 5n, excess: DERIVATIONS.clientA } as const
    expect(decodeProxyMessage(encodeProxyMessage(message))).toEqual(message)
    expect(decodeWalletNote(encodeWalletNote({ type: 'payout', queryId: 9n }))).toEqual({ type: 'payout', queryId: 9n })
    expect(decodeWalletNote(fromHex(BODIES.withdraw))).toBeNull()
  })

  it.skipIf(!HAS_VECTORS)('reads and rebuilds every client_proxy_request of the scenario', () => {
    let seen = 0
    for (const transaction of paymentsVectors().scenario.steps.flatMap((step) => step.txs)) {
      if (transaction.op !== 'client_proxy_request') continue
      const boc = fromBase64(transaction.body)
      const request = decodeClientProxyRequest(boc)
      expect(bocHash(encodeClientProxyRequest(request))).toBe(bocHash(boc))
      seen++
    }
    expect(seen).toBeGreaterThan(5)
  })

  it('explains exit codes', () => {
    expect(describeExitCode(1006)).toContain('wrong state')
    expect(describeExitCode(4242)).toContain('unknown')
  })
})

const signer =
  (seedHex: string): SignHash =>
  async (hash) =>
    nacl.sign.detached(hash, nacl.sign.keyPair.fromSeed(fromHex(seedHex)).secretKey)

describe("the network's wallet", () => {
  const transfer = {
    seqno: WALLET_REQUEST.seqno,
    validUntilUnix: WALLET_REQUEST.validUntilUnix,
    messages: [{ to: DERIVATIONS.clientB, valueNano: 1_000_000_000n, bounce: true, body: fromHex(BODIES.register) }]
  }

  it('builds the request of the sheet', () => {
    expect(buildCocoonWalletUnsigned(transfer).hash().toString('hex')).toBe(WALLET_REQUEST.unsignedHash)
  })

  it('refuses code that is not the wallet', () => {
    expect(() =>
      openCocoonWallet({
        code: fromHex(BODIES.withdraw),
        publicKey: WALLET_REQUEST.publicKey,
        owner: WALLET_REQUEST.owner
      })
    ).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS', field: 'code' }))
  })

  it.skipIf(!HAS_VECTORS)('signs the external message of the sheet', async () => {
    const code = fromBase64(paymentsVectors().codes.wallet.boc)
    const wallet = openCocoonWallet({ code, publicKey: WALLET_REQUEST.publicKey, owner: WALLET_REQUEST.owner })
    expect(isSameAddress(wallet.address, WALLET_REQUEST.address)).toBe(true)
    const message = await wallet.createTransfer(transfer, signer(WALLET_REQUEST.seed))
    expect(bocHash(message)).toBe(WALLET_REQUEST.messageHash)
    const body = Cell.fromBoc(Buffer.from(message))[0]?.refs[0] ?? Cell.EMPTY
    expect(body.hash().toString('hex')).toBe(WALLET_REQUEST.bodyHash)
    const parsed = parseCocoonWalletRequest(new Uint8Array(body.toBoc()))
    expect(parsed).toMatchObject({
      signature: WALLET_REQUEST.signature,
      signedHash: WALLET_REQUEST.unsignedHash,
      seqno: 5
    })
  })

  it.skipIf(!HAS_VECTORS)('agrees with the shared wallet vectors', async () => {
    const { walletExternal: want, derivation, codes } = paymentsVectors()
    const wallet = openCocoonWallet({
      code: fromBase64(codes.wallet.boc),
      publicKey: derivation.wallet.publicKey,
      owner: derivation.wallet.owner
    })
    expect(isSameAddress(wallet.address, derivation.wallet.address)).toBe(true)
    const parsed = parseCocoonWalletRequest(fromBase64(want.body.boc))
    expect(parsed).toMatchObject({
      signature: want.signature,
      signedHash: want.unsigned.hash,
      seqno: want.seqno,
      validUntilUnix: want.validUntil
    })
    const [output] = parsed.messages
    if (!output?.body) throw new Error('no message')
    const rebuilt = await wallet.createTransfer(
      {
        seqno: want.seqno,
        validUntilUnix: want.validUntil,
        messages: [{ to: output.to, valueNano: output.valueNano, bounce: output.bounce, body: output.body }]
      },
      signer(want.seed)
    )
    expect(Cell.fromBoc(Buffer.from(rebuilt))[0]?.refs[0]?.hash().toString('hex')).toBe(want.body.hash)
  })
})

describe('standard wallets', () => {
  const { publicKey } = nacl.sign.keyPair.fromSeed(fromHex(WALLET_REQUEST.seed))
  it.each(['v4r2', 'v5r1'] as const)(
    "%s signs with the caller's signer and deploys itself at seqno 0",
    async (version) => {
      const wallet = await openStandardWallet({ version, publicKey })
      const first = await wallet.createTransfer(
        {
          seqno: 0,
          validUntilUnix: 1_800_000_000,
          messages: [{ to: DERIVATIONS.clientA, valueNano: 1n, bounce: true }]
        },
        signer(WALLET_REQUEST.seed)
      )
      const later = await wallet.createTransfer(
        {
          seqno: 4,
          validUntilUnix: 1_800_000_000,
          messages: [{ to: DERIVATIONS.clientA, valueNano: 1n, bounce: true }]
        },
        signer(WALLET_REQUEST.seed)
      )
      const refs = (boc: Uint8Array): number => Cell.fromBoc(Buffer.from(boc))[0]?.refs.length ?? 0
      expect([refs(first), refs(later)]).toEqual([2, 1])
      const tooMany = {
        seqno: 1,
        validUntilUnix: 1_800_000_000,
        messages: Array.from({ length: wallet.maxMessages + 1 }, () => ({
          to: DERIVATIONS.clientA,
          valueNano: 1n,
          bounce: true
        }))
      }
      await expect(wallet.createTransfer(tooMany, signer(WALLET_REQUEST.seed))).rejects.toMatchObject({
        code: 'ERR_OPTIONS',
        field: 'messages'
      })
      await expect(
        wallet.createTransfer({ ...tooMany, messages: [] }, signer(WALLET_REQUEST.seed))
      ).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
      await expect(
        wallet.createTransfer(
          { seqno: 0, validUntilUnix: 1, messages: [{ to: DERIVATIONS.clientA, valueNano: 1n, bounce: true }] },
          async () => new Uint8Array(3)
        )
      ).rejects.toMatchObject({ code: 'ERR_SIGNATURE' })
    }
  )
})
