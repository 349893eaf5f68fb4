/** Hostile bytes give typed errors and end quickly, whatever they are. */
import { beginCell } from '@ton/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import {
  decodeClientMessage,
  decodeClientProxyRequest,
  decodeProxyMessage,
  decodeWalletNote,
  parseClientState,
  parseCocoonWalletRequest,
  parseProxyState,
  parseRootState,
  parseSignedCharge,
  verifySignedCharge
} from '../../../src/payments/contracts/index.js'
import { BODIES, OBSERVED_CHARGE } from '../../vectors/contracts.js'
import { fromHex } from '../support.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 60)
const readers = {
  decodeClientMessage,
  decodeClientProxyRequest,
  decodeProxyMessage,
  decodeWalletNote,
  parseClientState,
  parseCocoonWalletRequest,
  parseProxyState,
  parseRootState,
  parseSignedCharge
}

function onlyTyped(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    read(bytes)
  } catch (error) {
    if (!CocoonError.is(error)) throw error
  }
}

/** A bag of cells with arbitrary bits and up to four references, two levels deep: past the container, into the readers. */
const cells = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 })), {
    minLength: 1,
    maxLength: 4
  })
  .map((parts) => {
    const [first, ...rest] = parts.map(([bytes, children]) => {
      const builder = beginCell().storeBuffer(Buffer.from(bytes))
      for (const child of children) builder.storeRef(beginCell().storeBuffer(Buffer.from(child)))
      return builder
    })
    const root = first ?? beginCell()
    for (const child of rest) if (root.refs < 4) root.storeRef(child)
    return new Uint8Array(root.endCell().toBoc())
  })

describe('hostile bytes', () => {
  it.each(Object.entries(readers))('%s', (_name, read) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => onlyTyped(read, bytes)),
      { numRuns }
    )
    fc.assert(
      fc.property(cells, (bytes) => onlyTyped(read, bytes)),
      { numRuns }
    )
    fc.assert(
      fc.property(
        fc.constantFrom(OBSERVED_CHARGE.boc, BODIES.register),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (hex, at, mask) => {
          const bytes = fromHex(hex)
          const index = at % bytes.length
          bytes[index] = (bytes[index] ?? 0) ^ mask
          onlyTyped(read, bytes)
        }
      ),
      { numRuns }
    )
  })

  it('no changed byte of a signed charge verifies with other tokens', () => {
    const expected = { proxyPublicKey: OBSERVED_CHARGE.proxyPublicKey, clientContract: OBSERVED_CHARGE.client }
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bytes = fromHex(OBSERVED_CHARGE.boc)
        const index = at % bytes.length
        bytes[index] = (bytes[index] ?? 0) ^ mask
        onlyTyped((input) => expect(verifySignedCharge(input, expected).tokens).toBe(OBSERVED_CHARGE.tokens), bytes)
      }),
      { numRuns: numRuns * 3 }
    )
  })
})
