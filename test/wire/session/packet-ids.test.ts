/**
 * Which messages a session takes from a packet.
 *
 * @module
 */
import { expect, it } from 'vitest'
import { TL_IDS } from '../../../src/encoding/tl/index.js'
import { PACKET_IDS } from '../../../src/wire/session/answer-message.js'

it('the seven answers and the statements about money, nothing else', () => {
  const names = Object.entries(TL_IDS).flatMap(([name, id]) => (PACKET_IDS.has(id) ? [name] : []))
  expect(names.toSorted()).toEqual(
    [
      'client.queryAnswer',
      'client.queryAnswerError',
      'client.queryAnswerErrorEx',
      'client.queryAnswerEx',
      'client.queryAnswerPart',
      'client.queryAnswerPartEx',
      'client.queryAnswerPartError',
      'proxy.clientRequestPayment',
      'proxy.signedPayment',
      'proxy.signedPaymentEmpty'
    ].toSorted()
  )
})
