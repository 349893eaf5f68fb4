/**
 * The handshake: what is asked, and what an answer has to say to be accepted (session.md §2, §3).
 *
 * @module
 */
import { parseAddress, type TonAddress } from '../../encoding/index.js'
import type { TlObject, TlValue } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'
import { throwRefused } from './peer-errors.js'
import { boc } from './payment-notes.js'
import { DEFAULT_VERSIONS, type SessionSettings } from './settings.js'
import type { HandshakeResult } from './state.js'
import type { SessionOptions } from './types.js'

/** The query. The owner is sent as the caller spelled it: the proxy understands every form. */
export function connectToProxyRequest(options: SessionOptions, settings: SessionSettings): TlObject {
  return {
    type: 'client.connectToProxy',
    params: {
      clientOwnerAddress: options.owner,
      isTest: options.isTest,
      minProtoVersion: settings.versions.min,
      maxProtoVersion: settings.versions.max
    },
    // Declared signed, compared unsigned.
    minConfigVersion: options.configVersion | 0
  }
}

/**
 * Checks the answer: the network, the version, and that every address parses.
 *
 * @throws CocoonError `ERR_HANDSHAKE` | `ERR_PROTOCOL_VERSION`.
 */
export function processConnectedToProxy(
  answer: TlValue<'client.connectedToProxy'>,
  options: SessionOptions,
  settings: SessionSettings
): HandshakeResult {
  const { params, auth } = answer
  // A proxy that does not say which network it is on is older than anything this code knows.
  if (params.isTest === undefined) throw handshakeError('the proxy does not say which network it serves')
  if (params.isTest !== options.isTest) {
    throw handshakeError(params.isTest ? 'the proxy serves the test network' : 'the proxy serves the main network')
  }
  return {
    proxy: {
      publicKey: params.proxyPublicKey,
      ownerAddress: addressOf(params.proxyOwnerAddress, 'owner'),
      contractAddress: addressOf(params.proxyScAddress, 'contract'),
      isTest: params.isTest,
      protocolVersion: acceptVersion(params.protoVersion, settings)
    },
    clientContractAddress: addressOf(answer.clientScAddress, 'client contract'),
    auth: offerOf(auth),
    signedPayment: boc(answer.signedPayment)
  }
}

/** Names a refusal by `tcp.queryError`. The text decides nothing but which of our codes names it best. */
export function handshakeRefused(error: unknown): never {
  const isVersion = CocoonError.is(error) && error.peerText?.includes('common protocol version') === true
  throwRefused(error, isVersion ? 'ERR_PROTOCOL_VERSION' : 'ERR_HANDSHAKE', 'handshake', 'the handshake')
}

/** The version has to be one that was offered; an absent one is 0, which the default offer also takes. */
function acceptVersion(named: number | undefined, { versions }: SessionSettings): number {
  const version = named ?? 0
  const isOffered = version >= versions.min && version <= versions.max
  const isOld = version === 0 && versions.min <= DEFAULT_VERSIONS.min
  if (isOffered || isOld) return version
  const text = `the proxy chose protocol version ${version}, offered were ${versions.min} to ${versions.max}`
  throw new CocoonError('ERR_PROTOCOL_VERSION', text, { phase: 'handshake' })
}

function offerOf(
  auth: TlValue<'client.proxyConnectionAuthShort' | 'client.proxyConnectionAuthLong'>
): HandshakeResult['auth'] {
  return auth.type === 'client.proxyConnectionAuthShort'
    ? { kind: 'short', secretHash: auth.secretHash, nonce: auth.nonce }
    : { kind: 'long', nonce: auth.nonce }
}

function addressOf(text: string, whose: string): TonAddress {
  try {
    return parseAddress(text)
  } catch (cause) {
    throw handshakeError(`the ${whose} address that the proxy gives does not parse`, cause)
  }
}

function handshakeError(text: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_HANDSHAKE', text, { phase: 'handshake', cause })
}
