/**
 * Handshake and authorisation of one connection, as the proxy runs them: None → Auth → Ok, Failed when closing. Every
 * refusal is a tcp.queryError and then the end of the connection.
 *
 * Source: session.md §2–§4; v3.md §1.2 (one spelling, versions to 4).
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { equalBytes, parseAddress, type TonAddress } from '../../encoding/index.js'
import { decodeTl, type TlObject, type TlValue } from '../../encoding/tl/index.js'
import type { ProxyAccount } from './account.js'
import type { ClientConnection } from './connection.js'
import type { ProxyCore } from './settings.js'
import { addressText } from './identity.js'

/** A refusal of the handshake. */
interface Refusal {
  readonly code: number
  readonly text: string
}

/** State of one connection. */
export type HandshakeState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'auth'
      readonly account: ProxyAccount
      readonly protocolVersion: number
      readonly nonce: bigint
      /** Query id of a Long that waits for the chain message. */
      waiting: bigint | undefined
    }
  | { readonly kind: 'ok'; readonly account: ProxyAccount; readonly protocolVersion: number }
  | { readonly kind: 'failed' }

const HANDSHAKE_TYPES = new Set([
  'client.connectToProxy',
  'client.authorizeWithProxyShort',
  'client.authorizeWithProxyLong'
])

/** Whether an object belongs to the handshake. */
export function isHandshakeQuery(object: TlObject): boolean {
  return HANDSHAKE_TYPES.has(object.type)
}

function decodeOrUndefined(data: Uint8Array): TlObject | undefined {
  try {
    return decodeTl(data)
  } catch {
    return undefined
  }
}

/** The proxy's side of the handshake. */
export class Handshake {
  readonly #proxy: ProxyCore
  readonly #connection: ClientConnection
  state: HandshakeState = { kind: 'none' }

  constructor(proxy: ProxyCore, connection: ClientConnection) {
    this.#proxy = proxy
    this.#connection = connection
  }

  /** Takes one handshake query. `data` may be malformed. */
  receive(id: bigint, data: Uint8Array): void {
    const object = decodeOrUndefined(data)
    switch (this.state.kind) {
      case 'none':
        if (object?.type !== 'client.connectToProxy')
          return this.#refuse(id, { code: 0, text: 'Wrong constructor found at 4' })
        return this.#connect(id, object)
      case 'auth':
        return this.#authorize(id, object)
      case 'ok':
        return this.#refuse(id, { code: 0, text: 'already authorized' })
      case 'failed':
        return this.#refuse(id, { code: 0, text: 'connection is closing' })
    }
  }

  /** Ends the handshake when the connection ends. */
  end(): void {
    this.state = { kind: 'failed' }
  }

  #refuse(id: bigint, refusal: Refusal): void {
    this.state = { kind: 'failed' }
    this.#connection.fail(id, refusal.code, refusal.text)
    this.#connection.close(`refused: ${refusal.text}`)
  }

  /** The proxy's checks, in its order. */
  #check(
    object: TlValue<'client.connectToProxy'>
  ): Refusal | { readonly owner: TonAddress; readonly protocolVersion: number } {
    const { params, minConfigVersion } = object
    const { settings } = this.#proxy
    if (params.isTest === undefined) {
      return { code: 602, text: settings.version === 'dec-2025' ? 'tool old client' : 'too old client' }
    }
    if (params.isTest !== settings.isTest) return { code: 602, text: 'test mode mismatch' }
    let owner: TonAddress
    try {
      owner = parseAddress(params.clientOwnerAddress)
    } catch {
      return { code: 0, text: 'Failed to parse account address' }
    }
    if (minConfigVersion >>> 0 > settings.configVersion() >>> 0)
      return { code: 602, text: 'active config version is too low' }
    const highest = settings.version === 'dec-2025' ? 2 : 4
    const minimum = params.minProtoVersion ?? 0
    const maximum = params.maxProtoVersion ?? 0
    if (minimum > highest || maximum < 0 || minimum > maximum) {
      return { code: 621, text: 'cannot choose common protocol version' }
    }
    return { owner, protocolVersion: Math.min(maximum, highest) }
  }

  #connect(id: bigint, object: TlValue<'client.connectToProxy'>): void {
    const checked = this.#check(object)
    if ('code' in checked) return this.#refuse(id, checked)
    const { owner, protocolVersion } = checked
    const account = this.#proxy.account(owner)
    if (account.state !== 0) return this.#refuse(id, { code: 602, text: 'client is closing' })
    if (!this.#proxy.enabled)
      return this.#refuse(id, { code: 651, text: 'proxy is not participating in this iteration' })
    this.#proxy.settings.log.totals.handshakes++
    const { entry } = this.#connection.settings
    entry.protocolVersion = protocolVersion
    entry.owner = addressText(owner, this.#proxy.settings.isTest)
    const nonce = this.#proxy.settings.authorization === 'fake-ton' ? 0n : this.#proxy.nextNonce()
    this.state = { kind: 'auth', account, protocolVersion, nonce, waiting: undefined }
    this.#connection.answer(id, this.#connected(account, protocolVersion, nonce))
  }

  #connected(account: ProxyAccount, protocolVersion: number, nonce: bigint): TlObject {
    const { identity, isTest } = this.#proxy.settings
    const known = account.secretHash
    return {
      type: 'client.connectedToProxy',
      params: {
        proxyPublicKey: identity.publicKey,
        proxyOwnerAddress: addressText(identity.owner, isTest),
        proxyScAddress: addressText(identity.contract, isTest),
        isTest,
        ...(protocolVersion > 0 ? { protoVersion: protocolVersion } : {})
      },
      clientScAddress: addressText(account.settings.clientContract, isTest),
      auth:
        known === undefined
          ? { type: 'client.proxyConnectionAuthLong', nonce }
          : { type: 'client.proxyConnectionAuthShort', secretHash: known, nonce },
      // A record that is being created has nothing signed yet.
      signedPayment: account.seen ? account.signedPayment() : { type: 'proxy.signedPaymentEmpty' }
    }
  }

  #authorize(id: bigint, object: TlObject | undefined): void {
    if (this.state.kind !== 'auth') return
    if (object?.type === 'client.authorizeWithProxyShort') return this.#short(id, object.data)
    if (object?.type !== 'client.authorizeWithProxyLong') {
      return this.#refuse(id, { code: 0, text: 'expected auth message' })
    }
    if (this.state.waiting !== undefined) return this.#refuse(id, { code: 0, text: 'duplicate auth message' })
    this.state.waiting = id
    if (
      this.#proxy.settings.authorization === 'fake-ton' ||
      this.#proxy.isRegistered(this.state.nonce, this.state.account)
    ) {
      this.registered()
    }
  }

  #short(id: bigint, secret: Uint8Array): void {
    if (this.state.kind !== 'auth') return
    const { account } = this.state
    const hash = new Uint8Array(createHash('sha256').update(secret).digest())
    if (account.secretHash === undefined || !equalBytes(hash, account.secretHash)) {
      return this.#refuse(id, { code: 0, text: 'sha256 mismatch' })
    }
    this.#succeed(id)
  }

  /** The chain message with this connection's nonce arrived; answers a Long that waits. */
  registered(): void {
    if (this.state.kind !== 'auth' || this.state.waiting === undefined) return
    this.#succeed(this.state.waiting)
  }

  #succeed(id: bigint): void {
    if (this.state.kind !== 'auth') return
    const { account, protocolVersion } = this.state
    if (account.state !== 0) return this.#refuse(id, { code: 602, text: 'client is closing' })
    this.state = { kind: 'ok', account, protocolVersion }
    account.seen = true
    this.#connection.settings.entry.authorized = true
    this.#proxy.settings.log.totals.authorizations++
    this.#connection.answer(id, {
      type: 'client.authorizationWithProxySuccess',
      signedPayment: account.signedPayment(),
      tokensCommittedToDb: account.databaseTokens,
      maxTokens: account.tokensUsed
    })
  }
}
