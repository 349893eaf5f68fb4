/**
 * Short conversations with a devnet proxy, for the chain's tests.
 *
 * @module
 */
import type { TlObject, TlValue } from '../../../../src/encoding/tl/index.js'
import type { Devnet } from '../../../../src/devnet.js'
import { connectToProxy, openConnection, openReady, type ScriptedClient } from '../../scripted-client.js'

export { openReady, runQuery } from '../../scripted-client.js'

/** What answers one request, to the payment note or a refusal. */
export async function collect(client: ScriptedClient): Promise<TlObject[]> {
  const objects: TlObject[] = []
  for (;;) {
    const object = await client.nextPacket()
    if (object === undefined) return objects
    objects.push(object)
    if (object.type === 'proxy.clientRequestPayment' || object.type.startsWith('client.queryAnswerError'))
      return objects
  }
}

/** A connection that was offered an authorisation. */
export interface Connected {
  readonly client: ScriptedClient
  readonly answer: TlValue<'client.connectedToProxy'>
  /** Asks to be authorised by a chain message; resolves to the answer. */
  readonly authorize: () => Promise<TlObject>
}

/** Connects; throws the proxy's words when it refuses. */
export async function connected(devnet: Devnet): Promise<Connected> {
  const client = await openConnection(devnet.network.proxies[0] ?? '')
  const answer = await client.query(connectToProxy(devnet.account.owner))
  if (answer?.type !== 'client.connectedToProxy') {
    client.close()
    throw new Error(answer?.type === 'tcp.queryError' ? answer.message : 'the connection ended')
  }
  const authorize = async (): Promise<TlObject> => {
    const success = await client.query({ type: 'client.authorizeWithProxyLong' }, 78n)
    if (success === undefined) throw new Error('the connection ended')
    return success
  }
  return { client, answer, authorize }
}

/** The signed charge of a payment status. */
export async function updatePayment(devnet: Devnet): Promise<Uint8Array> {
  const client = await openReady(devnet)
  const status = await client.query({ type: 'client.updatePaymentStatus' }, 79n)
  client.close()
  if (status?.type !== 'client.paymentStatus' || status.signedPayment.type !== 'proxy.signedPayment')
    throw new Error(`no payment status: ${status?.type}`)
  return status.signedPayment.data
}
