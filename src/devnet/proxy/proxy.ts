/**
 * One proxy: accounts, connections, small queries, dispatch of requests.
 *
 * Source: session.md §2–§12.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { bytesToHex, type TonAddress } from '../../encoding/index.js'
import { decodeTl, type TlObject } from '../../encoding/tl/index.js'
import { ProxyAccount } from './account.js'
import type { ClientConnection, ConnectionHandler } from './connection.js'
import { Handshake, isHandshakeQuery } from './handshake.js'
import { clientContractAddress } from './identity.js'
import { MarketView } from './market.js'
import { RunningRequest } from './running-request.js'
import type { ProxyCore, ProxySettings } from './settings.js'

function decodeOrUndefined(data: Uint8Array): TlObject | undefined {
  try {
    return decodeTl(data)
  } catch {
    return undefined
  }
}

/** A proxy. */
export class DevnetProxy implements ConnectionHandler, ProxyCore {
  readonly settings: ProxySettings
  readonly market: MarketView
  enabled = true
  /** With a chain: called for each account when it is opened. */
  onAccount: ((account: ProxyAccount) => void) | undefined
  readonly #accounts = new Map<string, ProxyAccount>()
  readonly #handshakes = new Map<ClientConnection, Handshake>()
  /** Register messages seen: nonce → owner, or any owner. */
  readonly #registrations = new Map<bigint, string | undefined>()
  /** Requests that run. */
  readonly running: Set<Promise<void>> = new Set<Promise<void>>()

  constructor(settings: ProxySettings) {
    this.settings = settings
    this.market = new MarketView(settings.market, settings.proxyCount, settings.now)
  }

  /** The account of an owner; opened on first sight. */
  account(owner: TonAddress): ProxyAccount {
    const key = `${owner.workchain}:${bytesToHex(owner.hash)}`
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const { identity, databaseFlushMs, stateCommitMs, now } = this.settings
      account = new ProxyAccount({
        owner,
        clientContract: clientContractAddress(identity, owner),
        ...this.settings.openAccount(owner),
        databaseFlushMs,
        stateCommitMs,
        seed: identity.seed,
        excess: identity.owner,
        now
      })
      this.#accounts.set(key, account)
      this.onAccount?.(account)
    }
    return account
  }

  /** Every account seen. */
  get accounts(): readonly ProxyAccount[] {
    return [...this.#accounts.values()]
  }

  /** A nonce that no pending connection has. */
  nextNonce(): bigint {
    return randomBytes(8).readBigInt64LE()
  }

  /** Whether the chain message for this nonce and owner has arrived. */
  isRegistered(nonce: bigint, account: ProxyAccount): boolean {
    if (!this.#registrations.has(nonce)) return false
    const owner = this.#registrations.get(nonce)
    return owner === undefined || owner === bytesToHex(account.settings.owner.hash)
  }

  /**
   * Plays the arrival of the register message at this proxy's contract.
   *
   * @returns Whether a connection waits, or will be let through, with this nonce.
   */
  register(nonce: bigint, owner: TonAddress | undefined, secretHash: Uint8Array | undefined): boolean {
    this.#registrations.set(nonce, owner === undefined ? undefined : bytesToHex(owner.hash))
    let found = false
    for (const handshake of this.#handshakes.values()) {
      if (handshake.state.kind !== 'auth' || handshake.state.nonce !== nonce) continue
      const { account } = handshake.state
      if (!this.isRegistered(nonce, account)) continue
      found = true
      account.secretHash ??= secretHash
      handshake.registered()
    }
    return found
  }

  /** Nonces of connections that wait in Auth. */
  get pendingNonces(): readonly bigint[] {
    return [...this.#handshakes.values()].flatMap(({ state }) => (state.kind === 'auth' ? [state.nonce] : []))
  }

  /** Open connections. */
  get connections(): readonly ClientConnection[] {
    return [...this.#handshakes.keys()]
  }

  onConnected(connection: ClientConnection): void {
    this.#handshakes.set(connection, new Handshake(this, connection))
    this.settings.onConnected(connection)
  }

  onClose(connection: ClientConnection): void {
    this.#handshakes.get(connection)?.end()
    this.#handshakes.delete(connection)
  }

  onQuery(connection: ClientConnection, id: bigint, data: Uint8Array): void {
    const handshake = this.#handshakes.get(connection)
    if (handshake === undefined) return
    const object = decodeOrUndefined(data)
    const { log } = this.settings
    log.note(connection.settings.entry, `c2s ${object?.type ?? 'malformed query'}`)
    if (handshake.state.kind === 'none' || handshake.state.kind === 'auth') {
      if (object === undefined || isHandshakeQuery(object)) return handshake.receive(id, data)
    } else if (object !== undefined && isHandshakeQuery(object)) return handshake.receive(id, data)
    this.#smallQuery(connection, handshake, id, object)
  }

  #smallQuery(connection: ClientConnection, handshake: Handshake, id: bigint, object: TlObject | undefined): void {
    const { state } = handshake
    switch (object?.type) {
      case 'client.updatePaymentStatus':
        if (state.kind !== 'ok') return connection.fail(id, 621, 'client request from non-ready connection')
        return connection.answer(id, {
          type: 'client.paymentStatus',
          signedPayment: state.account.signedPayment(),
          dbTokens: state.account.databaseTokens,
          maxTokens: state.account.tokensUsed
        })
      case 'client.getWorkerTypes':
      case 'client.getWorkerTypesV2':
        if (state.kind !== 'ok') return connection.fail(id, 621, 'expected client connection')
        return connection.answer(
          id,
          object.type === 'client.getWorkerTypes' ? this.market.typesV1() : this.market.typesV2()
        )
      default:
        // requestRefund, runQuery as a query, unknown constructors, less than four bytes.
        return connection.fail(id, 0, 'Lost promise')
    }
  }

  onPacket(connection: ClientConnection, data: Uint8Array): void {
    const state = this.#handshakes.get(connection)?.state
    const object = decodeOrUndefined(data)
    this.settings.log.note(connection.settings.entry, `c2s ${object?.type ?? 'malformed packet'}`)
    // Everything else is dropped without a word, also a request before authorisation.
    if (state?.kind !== 'ok') return
    if (object?.type !== 'client.runQuery' && object?.type !== 'client.runQueryEx') return
    if (this.settings.version === 'dec-2025' && object.type === 'client.runQueryEx' && object.publicKey !== undefined) {
      // December does not know the field: 32 trailing bytes, a parse failure, silence.
      return
    }
    const run = new RunningRequest(this, connection, state.account, object, state.protocolVersion).run()
    this.running.add(run)
    void run.finally(() => this.running.delete(run))
  }
}
