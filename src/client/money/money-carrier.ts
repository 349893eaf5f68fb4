/**
 * The carrier of a client that knows the chain, watches its payments, or both. Loaded when such a client makes its first
 * call, since contracts and cells are heavy.
 *
 * @module
 */
import type { AttestationVerdictPolicy } from '../../attestation/index.js'
import { bytesToHex, decodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { planMigration } from '../../payments/channel/index.js'
import { makeQuote, requestSize } from '../../payments/pricing/index.js'
import { allowedProxyImages, tokenPrices, type Registry, type RegistrySnapshot } from '../../payments/registry/index.js'
import {
  type CallBudget,
  type InferenceAnswer,
  type InferencePeer,
  type InferenceRequest,
  PeerUnsuitable,
  type WorkerType
} from '../../runtime/ports/inference.js'
import type { VerdictPolicy } from '../../runtime/ports/verdict.js'
import { callWatcher } from '../../runtime/shared/index.js'
import type {
  ConnectorSettings,
  ConnectProxy,
  OpenConnection,
  ProxyCandidate,
  SelectProxies
} from '../network/index.js'
import { createConnector } from '../network/pool/index.js'
import type { DirectCarrier } from './direct-carrier.js'
import type { PaymentOptions, RegistryAttestationOptions } from './options.js'
import { ReceiptBook } from './receipt-book.js'
import {
  openClientRegistry,
  type PoolUnderState,
  RegistryPools,
  type RegistryPoolsOptions,
  type RegistrySource
} from './registry-pools.js'
import { createUsageReader } from './usage-reader.js'

/** What {@link createMoneyCarrier} needs. */
export interface MoneyCarrierOptions extends Omit<RegistryPoolsOptions, 'registry' | 'connect' | 'onParamsChange'> {
  readonly source: RegistrySource | undefined
  readonly payments: PaymentOptions | undefined
  /** A policy that takes its image hashes from the root contract; `undefined`: the policy of the settings. */
  readonly attestation: RegistryAttestationOptions | undefined
}

/** A carrier with what stands behind it. */
export interface MoneyCarrier extends DirectCarrier {
  readonly registry: Registry | undefined
  readonly book: ReceiptBook | undefined
}

/** Makes the carrier. @throws CocoonError `ERR_OPTIONS` | `ERR_CONTRACT_STATE` | `ERR_REGISTRY_MISMATCH`. */
export function createMoneyCarrier(options: MoneyCarrierOptions): MoneyCarrier {
  return new Carrier(options)
}

class Carrier implements MoneyCarrier {
  readonly registry: Registry | undefined
  readonly book: ReceiptBook | undefined
  readonly #options: MoneyCarrierOptions
  readonly #pools: RegistryPools
  #policy: Promise<AttestationVerdictPolicy> | undefined
  /** How the present image list is known, by the state that says it: a stable text, so that verdicts can be reused. */
  #provenance: { readonly stateHash: string; readonly lines: readonly string[] } | undefined

  constructor(options: MoneyCarrierOptions) {
    const { source, payments, clock } = options
    this.#options = options
    this.registry = source && openClientRegistry(source, clock)
    if (payments !== undefined && source === undefined && payments.prices === undefined) {
      throw new CocoonError('ERR_OPTIONS', 'payments.prices is needed without a root contract', {
        phase: 'options',
        field: 'payments.prices'
      })
    }
    this.book = payments && new ReceiptBook(payments, clock)
    this.#pools = new RegistryPools({
      ...options,
      registry: this.registry,
      select: this.#select(options.select),
      onParamsChange: () => this.#planMigrations(),
      connect: (settings, snapshot) => this.#connector(settings, snapshot)
    })
  }

  get candidates(): readonly ProxyCandidate[] {
    return this.#pools.current?.pool.candidates ?? []
  }

  get connections(): readonly OpenConnection[] {
    return this.#pools.all.flatMap((pool) => pool.connections)
  }

  async connect(budget: CallBudget): Promise<OpenConnection> {
    return this.#use(budget, ({ pool }) => pool.connect(budget))
  }

  async listWorkerTypes(
    budget: CallBudget
  ): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }> {
    return this.#use(budget, ({ pool }) => pool.listWorkerTypes(budget))
  }

  async send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    this.book?.assertMaySpend()
    const entry = await this.#pools.enter(budget)
    try {
      const answer = await this.#send(entry, prepare, budget)
      void answer.final.finally(() => this.#pools.leave(entry))
      return answer
    } catch (error) {
      this.#pools.leave(entry)
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#pools.close()
    await this.book?.close()
  }

  async #use<T>(budget: CallBudget, run: (entry: PoolUnderState) => Promise<T>): Promise<T> {
    const entry = await this.#pools.enter(budget)
    try {
      return await run(entry)
    } finally {
      this.#pools.leave(entry)
    }
  }

  async #send(
    entry: PoolUnderState,
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    const { book } = this
    if (book === undefined) return entry.pool.send(prepare, budget)
    let request: InferenceRequest | undefined
    let reservation: { readonly id: string; readonly amountNano: bigint } | undefined
    const ledger = this.#options.payments?.ledger
    let attempt = 0
    try {
      const answer = await entry.pool.send(async (peer) => {
        const own = ++attempt
        // What was found while the call waited for a connection counts too.
        book.assertMaySpend()
        if (book.denied.has(peer.address)) throw deniedPeer()
        request = await prepare(peer)
        // Another peer after a failure: the old reservation was for a request that did not leave.
        if (reservation !== undefined) await ledger?.release(reservation.id)
        reservation = undefined
        const made = await this.#reserve(request, peer, entry.snapshot)
        if (own !== attempt) {
          // The call ended, or went to another peer, while this was written: this request never leaves.
          if (made !== undefined) await ledger?.release(made.id)
          throw new CocoonError('ERR_ABORTED', 'the call has ended', { phase: 'request' })
        }
        reservation = made
        return request
      }, budget)
      return this.#watchAnswer(answer, request, reservation)
    } catch (error) {
      attempt++
      if (reservation !== undefined) {
        const left = !CocoonError.is(error) || error.charged !== 'no'
        await ledger?.settle(reservation.id, left ? reservation.amountNano : 0n)
      }
      throw error
    }
  }

  /** Sets aside the most that the request can cost. @throws CocoonError `ERR_LIMIT_EXCEEDED` | `ERR_LEDGER*`. */
  async #reserve(
    request: InferenceRequest,
    peer: InferencePeer,
    snapshot: RegistrySnapshot | undefined
  ): Promise<{ readonly id: string; readonly amountNano: bigint } | undefined> {
    const { payments, random } = this.#options
    // Caps of the ledger hold for requests as for messages; without any cap nothing has to be set aside.
    if (payments === undefined || (payments.limits === undefined && !payments.ledger.hasLimits)) return undefined
    const amountNano = mostNano(request, payments, snapshot)
    const id = `request:${bytesToHex(random.bytes(16))}`
    const recipient = this.book?.recipientOf(peer.address) ?? peer.address
    await payments.ledger.reserve({ id, amountNano, recipient, purpose: 'request' }, payments.limits)
    return { id, amountNano }
  }

  #watchAnswer(
    answer: InferenceAnswer,
    request: InferenceRequest | undefined,
    reservation: { readonly id: string; readonly amountNano: bigint } | undefined
  ): InferenceAnswer {
    const { requestId, peer } = answer
    const maxCoefficient = request?.maxCoefficient ?? 0
    const entry = this.book?.begin({ requestId, peer, maxCoefficient, reservation })
    const usage = createUsageReader()
    async function* parts(): AsyncGenerator<Uint8Array> {
      let done = false
      try {
        for await (const part of answer.parts) {
          usage.push(part)
          yield part
        }
        done = true
      } finally {
        entry?.bodyEnded(done ? usage.finish() : null, done)
      }
    }
    const receipt = this.book?.of(requestId)
    // Whoever asks for it is told; whoever does not is not bothered.
    receipt?.catch(() => undefined)
    return {
      ...answer,
      receipt,
      parts: parts(),
      cancel: (reason) => {
        entry?.bodyEnded(null, false)
        answer.cancel(reason)
      }
    }
  }

  /** One connector for each dial: the registry looks at the contracts, the book at what the proxy says about money. */
  #connector(settings: ConnectorSettings, snapshot: RegistrySnapshot | undefined): ConnectProxy {
    const { registry, book } = this
    const policy = this.#policyOf(settings.policy)
    return async (address, context) => {
      const watched = book?.connection(address.text)
      const given = settings.session.observer
      const session = {
        ...settings.session,
        ...(registry !== undefined && {
          verifyContracts: (contracts: Parameters<Registry['verifyContracts']>[0]) =>
            registry.verifyContracts(contracts)
        }),
        ...(watched !== undefined && {
          observer: {
            onPaymentNote: (note: Parameters<NonNullable<typeof watched.observer.onPaymentNote>>[0]) => {
              watched.observer.onPaymentNote?.(note)
              given?.onPaymentNote?.(note)
            },
            onSettlement: (end: Parameters<NonNullable<typeof watched.observer.onSettlement>>[0]) => {
              watched.observer.onSettlement?.(end)
              given?.onSettlement?.(end)
            }
          }
        })
      }
      const connection = await createConnector({ ...settings, policy, session })(address, context)
      watched?.ready(connection.session, snapshot)
      return connection
    }
  }

  /** Tells the caller what lies in the contracts of earlier params, and what to do about them. In the background. */
  #planMigrations(): void {
    const { registry, book } = this
    const { payments, source, clock, random } = this.#options
    const reader = source?.reader
    const tell = payments?.onParamsChange
    if (registry === undefined || book === undefined || reader === undefined) return
    if (payments === undefined || tell === undefined) return
    for (const [address, contract] of book.contracts) {
      // Charges that have come count among what is owed.
      const planning = book
        .flush()
        .then(() => planMigration({ contract }, { registry, reader, ledger: payments.ledger, clock, random }))
      void planning.then(
        (migration) => callWatcher(() => tell({ address, contract, migration })),
        (cause: unknown) => {
          const error = CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'channel' })
          callWatcher(() => tell({ address, contract, error }))
        }
      )
    }
  }

  #policyOf(given: VerdictPolicy): VerdictPolicy {
    const { attestation } = this.#options
    if (attestation === undefined) return given
    const load = (): Promise<AttestationVerdictPolicy> =>
      (this.#policy ??= import('../../attestation/index.js').then(
        ({ createAttestationPolicy }) => createAttestationPolicy({ ...attestation, imageHashes: () => this.#images() }),
        (cause: unknown) => {
          // A part that could not be fetched is tried again by the next dial; until then nobody is accepted.
          this.#policy = undefined
          throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'attestation', retryable: true })
        }
      ))
    return {
      name: 'attestation',
      prepare: () =>
        void load().then(
          (policy) => policy.prepare?.(),
          () => undefined
        ),
      judge: async (peer, options) => (await load()).judge(peer, options)
    }
  }

  async #images(): Promise<{ imageHashes: readonly string[]; provenance: readonly string[] }> {
    const { registry } = this
    if (registry === undefined) throw new CocoonError('ERR_INTERNAL', 'no registry', { phase: 'registry' })
    const snapshot = await registry.get()
    const { stateHash, version } = snapshot.root
    if (this.#provenance?.stateHash !== stateHash) {
      const lines = [`image hashes: root contract of ${snapshot.networkName}, version ${version}`, ...snapshot.trust]
      this.#provenance = { stateHash, lines }
    }
    return { imageHashes: allowedProxyImages(snapshot), provenance: this.#provenance.lines }
  }

  #select(given: SelectProxies | undefined): SelectProxies | undefined {
    const { book } = this
    if (book === undefined) return given
    return async (candidates) => {
      book.assertMaySpend()
      const allowed = candidates.filter(({ address }) => !book.denied.has(address))
      if (allowed.length === 0) {
        throw new CocoonError('ERR_OVERCHARGE', 'every proxy took, or claimed, more than was due', { phase: 'dial' })
      }
      if (given !== undefined) return given(allowed)
      return allowed.toSorted((a, b) => Number(b.state === 'ready') - Number(a.state === 'ready'))
    }
  }
}

/** The policy `failover`: the next proxy is asked. */
function deniedPeer(): PeerUnsuitable {
  const message = 'this proxy took, or claimed, more than was due'
  return new PeerUnsuitable('ERR_OVERCHARGE', message, { phase: 'dial', isOptional: false })
}

/** The most that a request can cost, or what the caller said to assume. @throws CocoonError `ERR_LIMIT_EXCEEDED`. */
function mostNano(request: InferenceRequest, payments: PaymentOptions, snapshot: RegistrySnapshot | undefined): bigint {
  const prices = snapshot === undefined ? payments.prices : tokenPrices(snapshot)
  if (prices === undefined) throw new CocoonError('ERR_INTERNAL', 'no prices', { phase: 'ledger' })
  const size = requestSize(bodyOf(request))
  const quote = makeQuote({
    size: { ...size, completionTokensMax: size.completionTokensMax ?? payments.assumedCompletionTokens },
    prices,
    maxCoefficient: request.maxCoefficient,
    liveCoefficients: [],
    reservedTokens: request.reservedTokens,
    queryBytes: request.body.length
  })
  if (quote.maxNano !== undefined) return quote.maxNano
  throw new CocoonError('ERR_LIMIT_EXCEEDED', `caps cannot hold for this request: ${quote.unboundedBy}`, {
    phase: 'ledger',
    field: 'max_tokens',
    remedy: 'set max_tokens, or payments.assumedCompletionTokens'
  })
}

function bodyOf({ body }: InferenceRequest): unknown {
  try {
    return JSON.parse(decodeUtf8(body))
  } catch {
    // Multipart: its size says nothing about tokens.
    return undefined
  }
}
