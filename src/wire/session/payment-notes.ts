/**
 * Statements about money, as the observer gets them. They are advice: nothing here can fail.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import type { TlObject, TlValue } from '../../encoding/tl/index.js'
import type { PaymentNote } from '../../runtime/ports/receipt.js'

/** The charge as a BoC, or nothing when the proxy has none. */
export function boc(payment: TlValue<'proxy.signedPayment' | 'proxy.signedPaymentEmpty'>): Uint8Array | undefined {
  return payment.type === 'proxy.signedPayment' ? payment.data : undefined
}

/** What an unsolicited packet says about money, or `undefined` when it is about something else. */
export function paymentNoteOf(object: TlObject): PaymentNote | undefined {
  switch (object.type) {
    case 'proxy.clientRequestPayment':
      return {
        source: 'request',
        requestId: bytesToHex(object.requestId),
        signedPayment: boc(object.signedPayment),
        committedTokens: object.dbTokens,
        totalTokens: object.maxTokens,
        requestTokens: object.requestTokens
      }
    case 'proxy.signedPayment':
      return { source: 'unsolicited', signedPayment: object.data }
    default:
      return undefined
  }
}

/** The answer to `client.updatePaymentStatus`. */
export function paymentStatusNote(status: TlValue<'client.paymentStatus'>): PaymentNote {
  const { signedPayment, dbTokens: committedTokens, maxTokens: totalTokens } = status
  return { source: 'status', signedPayment: boc(signedPayment), committedTokens, totalTokens }
}
